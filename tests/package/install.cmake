# Installs into PREFIX, then moves the tree: nothing in it may know where it was installed.

include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")

file(REMOVE_RECURSE "${PREFIX}" "${MOVED}")
step("installing" "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}")
file(RENAME "${PREFIX}" "${MOVED}")

foreach(file IN ITEMS include/attend/attend.hpp share/cmake/attend/attendConfig.cmake share/pkgconfig/attend.pc)
  if(NOT EXISTS "${MOVED}/${file}")
    message(FATAL_ERROR "${file} was not installed.")
  endif()
endforeach()

file(GLOB_RECURSE texts "${MOVED}/share/*")
foreach(text IN LISTS texts)
  file(READ "${text}" content)
  foreach(path IN ITEMS "${PREFIX}" "${BUILD}")
    string(FIND "${content}" "${path}" place)
    if(NOT place EQUAL -1)
      message(FATAL_ERROR "${text} names ${path}, so it cannot be moved.")
    endif()
  endforeach()
endforeach()
