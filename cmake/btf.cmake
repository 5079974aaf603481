# SPDX-License-Identifier: Apache-2.0
# Minimal BTF files for kernels that were built without BTF: beside the programs in the build directory as they are installed,
# so that aa-record finds them in both places. Made only where AA_BTF_SOURCES says of which kernels; needs bpftool then.
set(AA_BTF_SOURCES "" CACHE PATH "directory of kernels to make minimal BTF files for (see recorder/btf/minimize)")

if(AA_BTF_SOURCES)
	if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
		set(machine aarch64)
	else()
		set(machine x86_64)
	endif()
	get_filename_component(sources ${AA_BTF_SOURCES} ABSOLUTE BASE_DIR ${CMAKE_SOURCE_DIR})
	file(GLOB kernels CONFIGURE_DEPENDS ${sources}/*)
	if(NOT kernels)
		message(FATAL_ERROR "AA_BTF_SOURCES: there is nothing in ${sources}")
	endif()
	set(object ${CMAKE_BINARY_DIR}/bpf/aa.o)
	set(made ${CMAKE_BINARY_DIR}/share/aa-record/btf)
	add_custom_command(OUTPUT ${made}.stamp
		COMMAND ${CMAKE_SOURCE_DIR}/recorder/btf/minimize ${object} ${sources} ${made} ${machine}
		COMMAND ${CMAKE_COMMAND} -E touch ${made}.stamp
		DEPENDS aa_bpf_build ${object} ${CMAKE_SOURCE_DIR}/recorder/btf/minimize ${kernels}
		COMMENT "minimal BTF files"
		VERBATIM)
	add_custom_target(aa_btf ALL DEPENDS ${made}.stamp)
	install(DIRECTORY ${made} DESTINATION ${CMAKE_INSTALL_DATADIR}/aa-record)
endif()
