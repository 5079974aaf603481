# SPDX-License-Identifier: Apache-2.0
# What is installed beside the two programs, and the Debian package: cmake --install, cpack -G DEB.

# Debian wants manual pages compressed without a time stamp.
find_program(AA_GZIP gzip REQUIRED)
file(GLOB pages_of_source CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} recorder/*.8 query/*.1)
foreach(page IN LISTS pages_of_source)
	get_filename_component(name ${page} NAME)
	string(REGEX MATCH "[0-9]$" section ${name})
	set(compressed ${CMAKE_CURRENT_BINARY_DIR}/${name}.gz)
	add_custom_command(OUTPUT ${compressed}
		COMMAND ${AA_GZIP} -9nc ${CMAKE_CURRENT_SOURCE_DIR}/${page} > ${compressed}
		DEPENDS ${page}
		VERBATIM)
	list(APPEND pages ${compressed})
	install(FILES ${compressed} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
add_custom_target(aa_manual ALL DEPENDS ${pages})

set(AA_DOC_DIR ${CMAKE_INSTALL_DATAROOTDIR}/doc/aa-record)
configure_file(cmake/copyright.in ${CMAKE_CURRENT_BINARY_DIR}/copyright @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/copyright DESTINATION ${AA_DOC_DIR})
configure_file(cmake/changelog.in ${CMAKE_CURRENT_BINARY_DIR}/changelog.Debian @ONLY)
foreach(pair CHANGES.md:changelog ${CMAKE_CURRENT_BINARY_DIR}/changelog.Debian:changelog.Debian)
	string(REPLACE ":" ";" pair ${pair})
	list(GET pair 0 file)
	list(GET pair 1 name)
	get_filename_component(file ${file} ABSOLUTE)
	set(compressed ${CMAKE_CURRENT_BINARY_DIR}/${name}.gz)
	add_custom_command(OUTPUT ${compressed}
		COMMAND ${AA_GZIP} -9nc ${file} > ${compressed}
		DEPENDS ${file}
		VERBATIM)
	list(APPEND documents ${compressed})
endforeach()
add_custom_target(aa_documents ALL DEPENDS ${documents})
install(FILES ${documents} DESTINATION ${AA_DOC_DIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME aa-record)
set(CPACK_PACKAGE_VENDOR "aa-record")
set(CPACK_PACKAGE_CONTACT "aa-record maintainers <aa-record@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "sqlite3, less")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
	WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"aa-record follows a command and every process below it with eBPF, and writes
what they did to an SQLite database: programs started with their exact
arguments, how each ended, changes of identity, and what could not be seen.
aa-query shows it as a process tree or a timeline, as text, JSON or CSV.

Recorded databases are kept in /var/lib/aa-record, which aa-record makes on
first use; removing the package leaves them alone.")
include(CPack)
