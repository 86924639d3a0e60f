# cmake -DPROGRAM=<glimpse_digits> -DWORK=<folder> -P smoke.cmake
# A short training of both ways to look lowers the loss and leaves its picture; wrong options end in one sentence and
# exit code 2.

cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/../train/smoke.cmake")

run(0 --look hard --steps 500 --quiet --out pictures)
expect_loss_falls(0.8)
expect(out "1348 digits to train on, 449 held out")
expect(out "  hard ")
if(NOT err STREQUAL "")
  message(SEND_ERROR "--quiet said something on stderr: ${err}")
endif()
set(first "${out}")
run(0 --look hard --steps 500 --quiet --out pictures)
if(NOT first STREQUAL out)
  message(SEND_ERROR "Two runs differ.")
endif()

run(0 --look soft --steps 250 --out pictures)
expect_loss_falls(0.8)

run(0 --steps 2 --glimpses 2 --batch 8 --out pictures/new)
expect(out "  hard ")
expect(out "  soft ")
expect_file(pictures/new/glimpses.svg "picks, in order")
expect_file(pictures/new/glimpses.svg "soft, 2")
expect_file(pictures/new/glimpses.svg "</svg>")

refuse("must be hard, soft or both" --look away)
refuse("--steps" --steps 0)
refuse("--glimpses" --glimpses 21)
refuse("--batch" --batch many)
refuse("not expected" --unknown)
file(WRITE "${WORK}/file" "")
refuse("cannot make the folder file" --out file)
