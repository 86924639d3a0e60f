# cmake -P cmake/demo.cmake [options of look]: builds examples/look and runs it on README.md, or on what it is told to.

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

prepare(demo
  PACKAGES libeigen3-dev libcli11-dev
  OPTIONS -DATTEND_EXAMPLES=ON)
compile(look)

script_arguments(arguments)
if(NOT arguments)
  set(arguments "${checkout}/README.md" --out "${build}")
endif()
execute_process(COMMAND "${build}/examples/look/look" ${arguments} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  stop("look ended with ${result}.")
endif()
