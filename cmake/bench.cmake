# cmake -P cmake/bench.cmake [name...] [options of Google Benchmark]: builds the benchmarks, all or those named
# (forward, decode, …), runs them one after another, and prints one table of what they measured, each row beside the
# limit of the machine. The same is left in the build folder as JSON, CSV and a roofline plot.

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

prepare(bench
  PACKAGES libeigen3-dev libbenchmark-dev nlohmann-json3-dev
  OPTIONS -DATTEND_BENCHMARKS=ON)

# In the order of the table; the limits are of every run.
set(order limits forward backward decode scores normalizers masks balance linear hard lambda layers)
file(STRINGS "${build}/benchmarks/programs.txt" programs)
set(names "")
foreach(program IN LISTS programs)
  cmake_path(GET program FILENAME name)
  list(APPEND names "${name}")
  set(program_${name} "${program}")
endforeach()
foreach(name IN LISTS names)
  if(NOT name IN_LIST order)
    list(APPEND order "${name}")
  endif()
endforeach()

script_arguments(wanted)
set(options ${wanted})
list(FILTER options INCLUDE REGEX "^--")
list(FILTER wanted EXCLUDE REGEX "^--")
foreach(name IN LISTS wanted)
  if(NOT name IN_LIST names)
    list(JOIN names ", " known)
    message(NOTICE "attend: there is no benchmark ${name}; there are ${known}.")
    stop("There is no benchmark ${name}.")
  endif()
endforeach()
if(wanted)
  list(APPEND wanted limits)
else()
  set(wanted ${names})
endif()

set(targets "")
foreach(name IN LISTS wanted)
  list(APPEND targets bench_${name})
endforeach()
compile(bench_table ${targets})

set(results "${build}/results")
file(REMOVE_RECURSE "${results}")
file(MAKE_DIRECTORY "${results}")
set(files "")
foreach(name IN LISTS order)
  if(NOT name IN_LIST wanted)
    continue()
  endif()
  set(own_options ${options})
  if(name STREQUAL "limits")  # a filter is meant for the others
    list(FILTER own_options EXCLUDE REGEX "^--benchmark_filter")
  endif()
  message(NOTICE "\n${name}")
  execute_process(COMMAND "${program_${name}}" ${own_options} "--benchmark_out=${results}/${name}.json"
    --benchmark_out_format=json RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    stop("${name} ended with ${result}.")
  endif()
  # A program of which the filter leaves nothing writes an empty file.
  file(SIZE "${results}/${name}.json" size)
  if(size GREATER 0)
    list(APPEND files "${results}/${name}.json")
  endif()
endforeach()

message(NOTICE "")
execute_process(COMMAND "${build}/benchmarks/table/table" "${results}" ${files} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  stop("Some benchmarks have no time.")
endif()
