# What `cmake --install` puts where: programs in bin, job types in lib/godwit/plugins (the programs look there,
# seen from themselves), the author's headers, the harness as a shared library, and the package files with
# which find_package(godwit) finds them.
include(CMakePackageConfigHelpers)

install(TARGETS godwit godwitd godwit-capsule RUNTIME DESTINATION bin)
get_directory_property(types DIRECTORY ${PROJECT_SOURCE_DIR}/jobs BUILDSYSTEM_TARGETS)
install(TARGETS ${types} LIBRARY DESTINATION lib/godwit/plugins)
install(TARGETS godwit_state_interface godwit_job_interface godwit_policy_interface godwit_testing_shared EXPORT godwit
        FILE_SET HEADERS DESTINATION include
        LIBRARY DESTINATION lib)

set(package lib/cmake/godwit)
install(EXPORT godwit NAMESPACE godwit:: FILE godwitTargets.cmake DESTINATION ${package})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/godwitConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/package/godwitConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/godwitConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/godwitConfig.cmake ${PROJECT_BINARY_DIR}/package/godwitConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/GodwitJob.cmake
        DESTINATION ${package})
