# The three kinds of target. USES names modules of ours and is the layering in the build
# (tests/tidy checks the same table on the includes); LINKS names third-party targets.

# troupe_module(store_raft SOURCES a.cpp b.cpp USES config_base LINKS Threads::Threads)
function(troupe_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LINKS" ${ARGN})
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
    target_link_libraries(${name} PUBLIC ${arg_USES} ${arg_LINKS})
    if(name MATCHES "^actors_" AND NOT name STREQUAL "actors_pch")
      target_link_libraries(${name} PUBLIC CAF::core)
      target_precompile_headers(${name} REUSE_FROM actors_pch)
    endif()
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
    target_link_libraries(${name} INTERFACE ${arg_USES} ${arg_LINKS})
  endif()
endfunction()

# troupe_sanitized(simulation simulation): CI builds the target with the sanitizers too, by target
# `sanitized`, and runs its tests there (ctest -L sanitized).
function(troupe_sanitized target)
  set_property(GLOBAL APPEND PROPERTY troupe_sanitized ${target})
  set_property(TEST ${ARGN} APPEND PROPERTY LABELS sanitized)
endfunction()

# troupe_busy(store_raft): for what property tests spend their seconds in: optimized in `dev` too,
# since a test that runs 15 times longer costs more than the build saves.
function(troupe_busy target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O1>)
endfunction()

# troupe_test(unit_store_raft SOURCES core_test.cpp USES store_raft): a doctest program, run by ctest.
# PCH: the sources include CAF.
function(troupe_test name)
  cmake_parse_arguments(arg "PCH" "TIMEOUT" "SOURCES;USES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE tests_main ${arg_USES} ${arg_LINKS})
  target_compile_definitions(${name} PRIVATE TROUPE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    TROUPE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  if(arg_PCH)
    target_link_libraries(${name} PRIVATE CAF::core)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
  if(name MATCHES "^unit_(config|store)_")
    troupe_sanitized(${name} ${name})
  endif()
endfunction()
