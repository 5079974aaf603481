# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Debian packages for the guests, without installing any: sourced by the scripts beside it. Defines functions only.
#
# apt runs on a state directory of its own in the cache, so that suites of other releases, and other
# architectures, never touch the machine's configuration. Proxies, keys and the mirror are the machine's. What is
# kept lies in the cache; two scripts may run at once.
#
#   AA_VM_CACHE   where everything is kept; default ${XDG_CACHE_HOME:-~/.cache}/aa-record-vm
#   AA_VM_MIRROR  a Debian mirror; default: the one that the machine's own apt uses (needed if it is not Debian)

# Old to new: 5.10; 6.1; 6.12 in the first three. Later kernels pass through backports and sid.
VM_SUITES="bullseye bookworm trixie bookworm-backports trixie-backports sid"

# Whose libraries a guest of another architecture gets: the oldest release that we build on.
VM_ROOT_SUITE=bookworm

vm_die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 125
}

# vm_need PROGRAM=PACKAGE...: dies with the command that installs what is missing.
vm_need() {
	local pair missing=()
	for pair; do
		command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
	done
	[ ${#missing[@]} -eq 0 ] || vm_die "missing: ${missing[*]} (apt-get install --no-install-recommends ${missing[*]})"
}

vm_cache() {
	printf '%s\n' "${AA_VM_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/aa-record-vm}"
}

# x86_64 -> amd64 and so on: qemu's names and Debian's; either is accepted everywhere.
vm_debian_arch() {
	case $1 in
	x86_64 | amd64) echo amd64 ;;
	aarch64 | arm64) echo arm64 ;;
	*) vm_die "architecture $1: only amd64 and arm64 are known" ;;
	esac
}

vm_qemu_arch() {
	case $1 in
	x86_64 | amd64) echo x86_64 ;;
	aarch64 | arm64) echo aarch64 ;;
	*) vm_die "architecture $1: only x86_64 and aarch64 are known" ;;
	esac
}

vm_mirror() {
	local mirror=${AA_VM_MIRROR:-}
	# Only Debian's own suites count; a vendor's repository on the same machine has others.
	[ -n "$mirror" ] || mirror=$(env -u APT_CONFIG apt-get --print-uris update 2>/dev/null |
		sed -nE "s#^'(https?://[^']*)/dists/(bullseye|bookworm|trixie|forky|duke|sid|(old|oldold)?stable|testing|unstable)/InRelease'.*#\1#p" |
		head -n 1)
	[ -n "$mirror" ] || vm_die "apt on this machine knows no Debian mirror: set AA_VM_MIRROR to one"
	printf '%s\n' "$mirror"
}

# vm_apt_open ARCH: sets VM_APT, the options of every later apt command; package lists are at most a day old. Options
# and not a configuration file of our own, because the machine's would win over that (a container's image often
# switches apt's cache off).
vm_apt_open() {
	local arch=$1 base mirror host suite keys=/usr/share/keyrings/debian-archive-keyring.gpg
	vm_need apt-get=apt dpkg-deb=dpkg flock=util-linux
	[ -e "$keys" ] || vm_die "missing: debian-archive-keyring (apt-get install debian-archive-keyring)"
	base=$(vm_cache)/apt/$arch
	mkdir -p "$base/lists/partial" "$base/archives/partial" "$base/empty"
	VM_APT=(-qq -o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o APT::Sandbox::User=root
		-o "Dir::State=$base" -o "Dir::State::status=$base/status" -o "Dir::Cache=$base"
		-o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin
		-o "Dir::Etc::sourcelist=$base/sources.list" -o "Dir::Etc::sourceparts=$base/empty"
		-o "Dir::Etc::preferences=$base/empty/none" -o "Dir::Etc::preferencesparts=$base/empty"
		-o Acquire::Languages=none -o Acquire::Retries=3)
	exec {vm_apt_lock}>"$base/lock"
	flock "$vm_apt_lock"
	if [ -z "$(find "$base/fresh" -mmin -1440 2>/dev/null)" ]; then
		mirror=$(vm_mirror)
		: >"$base/status"
		for suite in $VM_SUITES; do
			printf 'deb [arch=%s signed-by=%s] %s %s main\n' "$arch" "$keys" "$mirror" "$suite"
		done >"$base/sources.list"
		# An unreachable mirror is only a warning to apt, and a suite that it does not have (any more) spoils the others.
		apt-get "${VM_APT[@]}" update >"$base/update.log" 2>&1 || :
		host=${mirror#*://}
		host=${host%/}
		for suite in $VM_SUITES; do
			compgen -G "$base/lists/${host//\//_}_dists_${suite}_InRelease" >/dev/null ||
				sed -i "/ $suite main\$/d" "$base/sources.list"
		done
		if [ ! -s "$base/sources.list" ] || ! apt-get "${VM_APT[@]}" update >>"$base/update.log" 2>&1; then
			vm_die "cannot read the package lists of the Debian mirror $mirror (another: AA_VM_MIRROR):" \
				"$(grep -m 1 '^[EW]:' "$base/update.log" || tail -n 1 "$base/update.log")"
		fi
		apt-cache "${VM_APT[@]}" gencaches
		: >"$base/fresh"
	fi
	exec {vm_apt_lock}>&-
}

# vm_apt_suites ARCH: the mirror and the suites that it has, for messages.
vm_apt_suites() {
	local list
	list=$(vm_cache)/apt/$1/sources.list
	printf '%s (%s)' "$(awk 'NR == 1 { print $4 }' "$list")" "$(awk '{ printf "%s%s", sep, $5; sep = " " }' "$list")"
}

# vm_apt_stale ARCH: the lists are to be read again; they named what the mirror has replaced since.
vm_apt_stale() {
	rm -f "$(vm_cache)/apt/$1/fresh"
}

# vm_apt_available PACKAGE...: those that can be downloaded. Names are known that cannot: others only mention them.
vm_apt_available() {
	LC_ALL=C apt-cache "${VM_APT[@]}" policy "$@" |
		awk '/^[^ ]/ { name = substr($1, 1, length($1) - 1) } $1 == "Candidate:" && $2 != "(none)" { print name }'
}

# vm_apt_unpack DIRECTORY PACKAGE... -- MEMBER-PATTERN...: what matches of the newest versions, below DIRECTORY.
vm_apt_unpack() {
	local to=$1 package packages=() debs=()
	shift
	while [ "$1" != -- ]; do
		packages+=("$1")
		shift
	done
	shift
	mkdir -p "$to/debs"
	(cd "$to/debs" && apt-get "${VM_APT[@]}" download "${packages[@]}" >download.log 2>&1) ||
		vm_die "cannot download ${packages[*]}: $(tail -n 1 "$to/debs/download.log")"
	debs=("$to"/debs/*.deb)
	for package in "${debs[@]}"; do
		# A pattern that one of the packages does not have is no error.
		dpkg-deb --fsys-tarfile "$package" | tar -x -C "$to" --wildcards "$@" 2>/dev/null || :
	done
	rm -r "$to/debs"
}

# vm_apt_root DIRECTORY PACKAGE...: a file tree of them and all they depend on, as of one release, installed nowhere.
vm_apt_root() {
	local to=$1 deb
	shift
	mkdir -p "$to/debs/partial" "$to"/usr/{bin,sbin,lib,lib64}
	for deb in bin sbin lib lib64; do
		ln -sfn "usr/$deb" "$to/$deb"
	done
	apt-get "${VM_APT[@]}" -t "$VM_ROOT_SUITE" -o "Dir::Cache::archives=$to/debs" -o Debug::NoLocking=1 -y \
		--no-install-recommends --download-only install "$@" </dev/null >"$to/debs/log" 2>&1 ||
		vm_die "cannot download $*: $(tail -n 1 "$to/debs/log")"
	for deb in "$to"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$to" --keep-directory-symlink --no-same-owner
	done
	rm -r "$to/debs"
}
