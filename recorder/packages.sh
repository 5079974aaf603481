# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Which Debian and Ubuntu packages building and testing need; sourced by recorder/quickstart and tests/check.
# Checked on Debian 12 and 13. Installs only what is missing, so it needs no network where nothing is.

# PACKAGE PROBE WHY: a probe is a command, a path, or pc:NAME for pkg-config.
# shellcheck disable=SC2034 # used by who sources this
aa_packages_build='
gcc             gcc                     C compiler
libc6-dev       /usr/include/stdio.h    C library headers
clang           clang                   compiles the eBPF programs
cmake           cmake                   build system
ninja-build     ninja                   runs the build
pkg-config      pkg-config              finds libraries
libbpf-dev      pc:libbpf               loads eBPF programs
libelf-dev      pc:libelf               reads programs and libraries; needed by libbpf
zlib1g-dev      pc:zlib                 unpacks type information of kernels; needed by libbpf
libsqlite3-dev  pc:sqlite3              the database
libuv1-dev      pc:libuv                event loop
nettle-dev      pc:nettle               SHA-256 of contents, fingerprints of secrets
libcapstone-dev pc:capstone             finds TLS functions without symbols
libnghttp2-dev  pc:libnghttp2           headers of HTTP/2
libbrotli-dev   pc:libbrotlidec         unpacks contents of HTTP
'
# shellcheck disable=SC2034
aa_packages_test='
libcmocka-dev   pc:cmocka               unit tests
python3         python3                 end-to-end tests
sqlite3         sqlite3                 reads databases without our code
git             git                     a program that tests record
make            make                    a program that tests record
mount           mount                   small disks to fill
util-linux      unshare                 namespaces in tests
valgrind        valgrind                memory errors
clang-format    clang-format            layout of the sources
clang-tidy      clang-tidy              static analysis
shellcheck      shellcheck              shell scripts
mandoc          mandoc                  manual pages
dpkg-dev        dpkg-shlibdeps          builds the package
file            file                    builds the package
gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc builds for arm64
qemu-system-x86 qemu-system-x86_64      guests with other kernels
cpio            cpio                    file systems of the guests
lz4             lz4                     unpacks kernels of guests
zstd            zstd                    unpacks kernels of guests
golang-go       go                      a TLS client that tests record
gnutls-bin      gnutls-cli              a TLS client that tests record
libssl-dev      pc:libssl               a TLS client that tests record
nodejs          node                    a TLS client that tests record
openssl         openssl                 TLS servers of tests
curl            curl                    a TLS client that tests record
wget            wget                    a TLS client that tests record
debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg verifies kernels of guests
'

# Elsewhere it has another name or none; what needs it is left out there.
if grep -qs '^ID=debian' /etc/os-release; then
	aa_packages_test+='bpftool         bpftool                 makes minimal BTF files
'
fi

aa_package_present() {
	case $1 in
	pc:*) command -v pkg-config >/dev/null && pkg-config --exists "${1#pc:}" ;;
	/*) [[ -e $1 ]] ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# Prints "package<TAB>why" for each that is missing from the lists given.
aa_packages_missing() {
	local package probe why
	while read -r package probe why; do
		if [[ -n $package ]] && ! aa_package_present "$probe"; then
			printf '%s\t%s\n' "$package" "$why"
		fi
	done <<<"$*"
}

# aa_packages_install LISTS LOG: installs what is missing, saying what and why. Fails with a message.
aa_packages_install() {
	local missing log=$2
	local -a names
	missing=$(aa_packages_missing "$1")
	[[ -n $missing ]] || return 0
	mapfile -t names < <(cut -f1 <<<"$missing")
	echo "Missing packages:"
	expand -t 20 <<<"$missing"
	if ! command -v apt-get >/dev/null; then
		echo "There is no apt-get here: please install what these packages have, and try again." >&2
		return 1
	fi
	if ((EUID != 0)); then
		echo "Installing them needs root: sudo apt-get install ${names[*]}" >&2
		return 1
	fi
	echo "Installing them with apt-get ..."
	mkdir -p "$(dirname "$log")"
	if ! { DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends install "${names[@]}" >"$log" 2>&1 ||
		{ apt-get update >"$log" 2>&1 &&
			DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends install "${names[@]}" >>"$log" 2>&1; }; }; then
		tail -n 20 "$log" >&2
		echo "apt-get failed: see $log" >&2
		return 1
	fi
	missing=$(aa_packages_missing "$1")
	if [[ -n $missing ]]; then
		echo "Still missing after installing: $(cut -f1 <<<"$missing" | tr '\n' ' ')" >&2
		return 1
	fi
}

# What any recording needs of this machine, as far as a shell can tell; aa-record says the rest. Prints why not.
aa_kernel_usable() {
	local release major minor
	release=$(uname -r)
	IFS=.- read -r major minor _ <<<"$release"
	if [[ $(uname -s) != Linux ]] || ((major < 5 || (major == 5 && minor < 8))); then
		echo "aa-record needs Linux 5.8 or newer; this is $(uname -s) $release."
		return 1
	fi
}
