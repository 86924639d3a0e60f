# Headers, the CMake package and the pkg-config file. All are independent of the machine, so they go to share/.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS attend EXPORT attend INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY include/attend DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

set(package_folder "${CMAKE_INSTALL_DATADIR}/cmake/attend")
install(EXPORT attend NAMESPACE attend:: FILE attendTargets.cmake DESTINATION "${package_folder}")
configure_package_config_file(cmake/attendConfig.cmake.in attendConfig.cmake INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file(attendConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/attendConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/attendConfigVersion.cmake"
  DESTINATION "${package_folder}")

# Relative to the .pc file itself, so that an installed tree can be moved.
set(pkgconfig_folder "${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig")
file(RELATIVE_PATH include_from_pkgconfig "${pkgconfig_folder}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
configure_file(cmake/attend.pc.in attend.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/attend.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/attend")
