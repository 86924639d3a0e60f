# cmake -DPROGRAM=<sentences> -DTINY_MODEL=<sentences_tiny_model> -DWORK=<folder> -DPART=tokens|refusals|model
#       -P smoke.cmake
# Runs sentences as a user does, on a tiny model of random numbers: tokens, vectors, search and the page, and one
# sentence and exit code 2 for what it refuses.

cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/../train/smoke.cmake")

execute_process(COMMAND "${TINY_MODEL}" "${WORK}/tiny" RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "sentences_tiny_model ended with ${result}.")
endif()

if(PART STREQUAL "tokens")
  # [UNK] is 1, [CLS] 2, [SEP] 3, [MASK] 4; a 5, ##a 6, b 7 … z 55, ##z 56; the 57, cat 58, ##at 59, sits 60, "." 61,
  # "," 62, ! 63, ? 64, ' 65, 意 66, κ 67, ##α 68.
  function(expect_tokens text tokens)
    file(WRITE "${WORK}/line.txt" "${text}\n")
    run(0 line.txt --model tiny --tokens)
    if(NOT out STREQUAL "${tokens}\n")
      message(SEND_ERROR "\"${text}\" became ${out}, wanted ${tokens}.")
    endif()
  endfunction()
  expect_tokens("The CAT sits." "2 57 58 60 61 3")
  expect_tokens("" "2 3")
  expect_tokens("  \t " "2 3")
  expect_tokens("cats bat" "2 58 42 7 59 3")              # the longest piece first: cat ##s, b ##at
  expect_tokens("Ça,é!" "2 9 6 62 13 63 3")               # no accents, no case; marks stand alone
  expect_tokens("é" "2 13 3")                            # an accent of its own
  expect_tokens("注意cat意" "2 1 66 58 66 3")              # Chinese characters stand alone
  expect_tokens("ΚΆ" "2 67 68 3")                         # Greek
  expect_tokens("a😀 😀 b" "2 1 1 7 3")                   # a word with an unknown character is unknown
  expect_tokens("the [MASK] sits [mask]" "2 57 4 60 1 29 6 42 26 1 3")
  expect_tokens("the​cat" "2 57 10 59 3")                   # a space of no width is cleaned away
  string(REPEAT "a" 100 long)
  string(REPEAT " 6" 99 pieces)
  expect_tokens("${long}" "2 5${pieces} 3")
  expect_tokens("${long}a" "2 1 3")
  string(REPEAT "cat " 300 many)
  string(REPEAT " 58" 254 pieces)
  expect_tokens("${many}" "2${pieces} 3")
  file(WRITE "${WORK}/lines.txt" "cat\r\n\r\nsits")
  run(0 lines.txt --model tiny --tokens)
  if(NOT out STREQUAL "2 58 3\n2 3\n2 60 3\n")
    message(SEND_ERROR "Three lines became\n${out}")
  endif()
  return()
endif()

file(WRITE "${WORK}/text.txt" "the cat sits.\n\na dog sits!\nthe cat sits.\nwho, me?\n")

if(PART STREQUAL "model")
  run(0 text.txt --model tiny --threads 2 --runs 2 --similar 3 --save vectors.npy --page page.html
    --sentence "the <b>cat</b> sits")
  expect(out "4 sentences, 29 tokens; 1 empty line left out")
  expect(out "tiny: 2 layers of 4 heads, vectors of 16 numbers")
  expect(out " sentences a second")
  expect(out "Instruction set ")
  expect(out "  1.000      1  the cat sits.\n             4  the cat sits.")
  expect(out "Vectors (4, 16): vectors.npy")
  expect_file(page.html "</html>")
  expect_file(page.html "the &lt;b&gt;cat&lt;/b&gt; sits")
  expect_file(page.html "\"layers\":2,\"heads\":4")
  if(content MATCHES "https?://[^w]")
    message(SEND_ERROR "The page names an address on the network: ${CMAKE_MATCH_0}")
  endif()
  file(SIZE "${WORK}/vectors.npy" size)
  if(NOT size EQUAL 384)  # 128 bytes of header, 4·16·4 of numbers
    message(SEND_ERROR "vectors.npy has ${size} bytes, wanted 384.")
  endif()
  if(NOT err STREQUAL "")
    message(SEND_ERROR "sentences said something on stderr: ${err}")
  endif()

  # The same vectors for any number of threads and any cut into batches.
  file(SHA256 "${WORK}/vectors.npy" first)
  foreach(how IN ITEMS "--threads;1" "--batch;1" "--batch;12")
    run(0 text.txt --model tiny ${how} --save vectors.npy --similar 0)
    file(SHA256 "${WORK}/vectors.npy" second)
    if(NOT first STREQUAL second)
      message(SEND_ERROR "${how} gave other vectors.")
    endif()
  endforeach()

  run(0 text.txt --model tiny --query "the cat sits." --similar 2)
  expect(out "  1.000      1  the cat sits.\n  1.000      4  the cat sits.")
  file(WRITE "${WORK}/one.txt" "a cat, a cat, a cat, a cat, a cat, a cat, a cat, a cat, a cat")
  run(0 one.txt --model tiny)
  expect(out "1 sentences, 24 tokens; 1 of 24 tokens or more, cut there")
  expect(out "none: there is one line only")
  run(0 --help)
  expect(out "Examples:")
  return()
endif()

file(WRITE "${WORK}/empty.txt" "")
file(WRITE "${WORK}/spaces.txt" " \n\t\n")
string(ASCII 233 232 224 249 latin)
file(WRITE "${WORK}/latin.txt" "${latin}${latin}${latin} abc")

refuse("cannot open missing.txt" missing.txt --model tiny)
refuse("is a folder" tiny --model tiny)
refuse("is empty" empty.txt --model tiny)
refuse("nothing but spaces" spaces.txt --model tiny)
refuse("is not UTF-8" latin.txt --model tiny)
refuse("zero byte" "${PROGRAM}" --model tiny)
refuse("fetch.cmake nowhere" text.txt --model nowhere)
refuse("fetch.cmake nowhere" text.txt --model nowhere --tokens)
refuse("--threads" text.txt --model tiny --threads 0)
refuse("--similar" text.txt --model tiny --similar some)
refuse("--batch" text.txt --model tiny --batch 0)
refuse("--runs" text.txt --model tiny --runs 0)
refuse("not expected" text.txt --unknown)
refuse("--page" text.txt --model tiny --sentence "a cat")

# Models at fault.
macro(break_model name content sentence)
  file(REMOVE_RECURSE "${WORK}/broken")
  file(COPY "${WORK}/tiny/" DESTINATION "${WORK}/broken")
  file(WRITE "${WORK}/broken/${name}" "${content}")
  refuse("${sentence}" text.txt --model broken)
endmacro()
file(READ "${WORK}/tiny/config.json" config)
file(READ "${WORK}/tiny/vocab.txt" vocabulary)
break_model(config.json "{" "is not a JSON object")
break_model(config.json "{}" "\"model_type\" is missing")
foreach(change IN ITEMS "bert|gpt2|\"model_type\" is \"gpt2\"" "gelu|relu|\"hidden_act\" is \"relu\""
                        "\"hidden_size\": 16|\"hidden_size\": 0|\"hidden_size\" is 0"
                        "\"hidden_size\": 16|\"hidden_size\": 18|do not divide into 4 heads"
                        "\"num_hidden_layers\": 2|\"num_hidden_layers\": 3|encoder.layer.2."
                        "\"num_hidden_layers\": 2|\"num_hidden_layers\": 1|encoder.layer.1."
                        "\"intermediate_size\": 32|\"intermediate_size\": 33|the object wants"
                        "\"vocab_size\": 69|\"vocab_size\": 68|has 69 tokens")
  string(REPLACE "|" ";" change "${change}")
  list(GET change 0 from)
  list(GET change 1 to)
  list(GET change 2 sentence)
  string(REPLACE "${from}" "${to}" changed "${config}")
  break_model(config.json "${changed}" "${sentence}")
endforeach()
string(REPLACE "[SEP]" "[END]" changed "${vocabulary}")
break_model(vocab.txt "${changed}" "has no [SEP]")
string(REPLACE "the\n" "a\n" changed "${vocabulary}")
break_model(vocab.txt "${changed}" "\"a\" twice")
break_model(vocab.txt "" "is empty")
break_model(model.safetensors "nothing" "model.safetensors")
file(REMOVE "${WORK}/broken/model.safetensors")
refuse("fetch.cmake broken" text.txt --model broken)

# These are found out after the work is done, so something has been printed.
run(2 text.txt --model tiny --save tiny)
expect(err "tiny")
run(2 text.txt --model tiny --page nowhere/page.html)
expect(err "cannot open nowhere/page.html")
