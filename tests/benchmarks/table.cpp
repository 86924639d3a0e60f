#include "../../benchmarks/table/run.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "visualize/markup.hpp"

namespace table_tests {

using nlohmann::json;

json repetition(std::string const& name, double milliseconds, json const& counters) {
  json entry{{"name", name}, {"run_name", name},  {"run_type", "iteration"},   {"threads", 1},
             {"label", ""},  {"iterations", 100}, {"real_time", milliseconds}, {"time_unit", "ms"}};
  entry.update(counters);
  return entry;
}

json program(std::vector<json> const& benchmarks) {
  return {{"context",
           {{"date", "2026-11-21T10:00:00+00:00"},
            {"num_cpus", 2},
            {"processor", "Some <processor> & more"},
            {"cpu_scaling_enabled", false}}},
          {"benchmarks", benchmarks}};
}

json limits() {
  return program({repetition("limits/multiply_adds/registers/isa:v4/threads:1/manual_time", 1.5,
                             {{"flops", 3e8}, {"peak", 250e9}}),
                  repetition("limits/multiply_adds/registers/isa:v4/threads:2/manual_time", 1.5,
                             {{"flops", 6e8}, {"peak", 500e9}}),
                  repetition("limits/multiply_adds/registers/isa:baseline/threads:1/manual_time", 1.5,
                             {{"flops", 8e7}, {"peak", 60e9}}),
                  repetition("limits/read/1GiB/isa:v4/threads:1/manual_time", 50, {{"bytes", 1e9}, {"read", 25e9}}),
                  repetition("limits/read/1GiB/isa:v4/threads:2/manual_time", 30, {{"bytes", 1e9}, {"read", 40e9}})});
}

/// One row before its time, in the wrong order, with a median, a spread and a figure beside.
json forward() {
  json const work{{"flops", 2e9}, {"bytes", 1e7}, {"peak", 250e9}};
  json const slower{{"flops", 2e9}, {"bytes", 1e7}, {"peak", 60e9}};
  json const half{{"flops", 2e9}, {"bytes", 1e7}, {"peak", 200e9}, {"over", 2.5}};
  std::string const full = "forward/full/1x8x8x512x512x64/isa:";
  json const aggregate{{"name", full + "v4/threads:1/min_time:0.100/real_time_median"},
                       {"run_name", full + "v4/threads:1/min_time:0.100/real_time"},
                       {"run_type", "aggregate"},
                       {"real_time", 1e9},
                       {"time_unit", "ms"}};
  return program({repetition(full + "baseline/threads:1/min_time:0.100/real_time", 40, slower),
                  repetition(full + "v4/threads:1/min_time:0.100/real_time", 12, half),
                  repetition(full + "v4/threads:1/min_time:0.100/real_time", 10, work),
                  repetition(full + "v4/threads:1/min_time:0.100/real_time", 9, work), aggregate,
                  repetition("decode/float/1x32x8x1x4096x128/isa:v4/threads:2/real_time", 1.25,
                             {{"flops", 6.7e7}, {"bytes", 3.4e7}, {"read", 40e9}})});
}

/// A folder with the files of programs, and what the tool says of them.
struct Joined {
  std::string folder;
  std::vector<std::string> words;
  int code = -1;
  std::string out, trouble;

  explicit Joined(std::vector<std::pair<std::string, std::string>> const& files)
      : folder(testing::TempDir() + "table_" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    words.push_back(folder);
    for (auto const& [name, text] : files) {
      words.push_back(folder + "/" + name);
      std::ofstream(words.back(), std::ios::binary) << text;
    }
    again();
  }
  ~Joined() { std::filesystem::remove_all(folder); }
  Joined(Joined const&) = delete;
  Joined& operator=(Joined const&) = delete;

  void again() {
    std::ostringstream said, complained;
    code = table::run(words, said, complained);
    out = said.str();
    trouble = complained.str();
  }
  [[nodiscard]] std::string content(std::string const& name) const {
    std::ifstream file(folder + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
};

TEST(Table, PutsRowsInOrderBesideTheirLimits) {
  Joined const run({{"limits.json", limits().dump()}, {"forward.json", forward().dump()}});
  ASSERT_EQ(run.code, 0) << run.trouble;
  EXPECT_EQ(run.trouble, "");
  EXPECT_EQ(
      run.out.substr(0, run.out.find("\nSome <processor>")),
      R"(#  variant               shape              isa       threads     time          rate   of limit  spread  also
1  limits/multiply_adds  registers          v4              1  1.50 ms   200 GFLOP/s  0.80 peak   0.0 %
2  limits/multiply_adds  registers          v4              2  1.50 ms   400 GFLOP/s  0.80 peak   0.0 %
3  limits/multiply_adds  registers          baseline        1  1.50 ms  53.3 GFLOP/s  0.89 peak   0.0 %
4  limits/read           1GiB               v4              1  50.0 ms     20.0 GB/s  0.80 read   0.0 %
5  limits/read           1GiB               v4              2  30.0 ms     33.3 GB/s  0.83 read   0.0 %

6  forward/full          1x8x8x512x512x64   v4              1  10.0 ms   200 GFLOP/s  0.80 peak    30 %  over 2.50
7  forward/full          1x8x8x512x512x64   baseline        1  40.0 ms  50.0 GFLOP/s  0.83 peak   0.0 %
8  decode/float          1x32x8x1x4096x128  v4              2  1.25 ms     27.2 GB/s  0.68 read   0.0 %
)");
  for (char const* const name : {"/attend.json\n", "/attend.csv\n", "/roofline.svg\n"})
    EXPECT_NE(run.out.find(run.folder + name), std::string::npos) << run.out;
}

TEST(Table, WritesCsv) {
  Joined const run({{"limits.json", limits().dump()}, {"forward.json", forward().dump()}});
  std::istringstream lines(run.content("attend.csv"));
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line);) all.push_back(line);
  ASSERT_EQ(all.size(), 9u);
  EXPECT_EQ(all[0],
            "program,variant,shape,instruction_set,threads,seconds,spread,repetitions,flops,bytes,tanhs,"
            "limit,limit_rate,rate,of_limit,also,fault");
  EXPECT_EQ(all[6],
            "forward,forward/full,1x8x8x512x512x64,v4,1,0.01,0.3,3,2e+09,1e+07,,peak,2.5e+11,2e+11,0.8,over=2.5,");
  for (std::string const& line : all) EXPECT_EQ(markup::count(line, ","), 16) << line;
}

TEST(Table, WritesJson) {
  Joined const run({{"limits.json", limits().dump()}, {"forward.json", forward().dump()}});
  json const file = json::parse(run.content("attend.json"));
  EXPECT_EQ(file["machine"]["processor"], "Some <processor> & more");
  EXPECT_EQ(file["machine"]["date"], "2026-11-21");
  ASSERT_EQ(file["rows"].size(), 8u);
  json const& row = file["rows"][5];
  EXPECT_EQ(row["variant"], "forward/full");
  EXPECT_EQ(row["instruction_set"], "v4");
  EXPECT_EQ(row["repetitions"].size(), 3u);
  EXPECT_DOUBLE_EQ(row["seconds"].get<double>(), 0.010);
  EXPECT_DOUBLE_EQ(row["of_limit"].get<double>(), 0.8);  // of the best limit that was seen
  EXPECT_DOUBLE_EQ(row["also"]["over"].get<double>(), 2.5);
}

TEST(Table, DrawsWellFormedXml) {
  Joined const run({{"limits.json", limits().dump()}, {"forward.json", forward().dump()}});
  std::string const svg = run.content("roofline.svg");
  EXPECT_EQ(markup::fault(svg), "");
  EXPECT_EQ(markup::count(svg, "<title>"), 3);  // limits are roofs, no points
  EXPECT_NE(
      svg.find("<title>6: forward/full 1x8x8x512x512x64, v4, 1 thread: 10.0 ms, 200 GFLOP/s, 0.80 of peak</title>"),
      std::string::npos);
  for (char const* const roof : {"v4, 1 thread: 250 GFLOP/s", "v4, 2 threads: 500 GFLOP/s",
                                 "baseline, 1 thread: 60.0 GFLOP/s", "read 25.0 GB/s, 1 thread"})
    EXPECT_NE(svg.find(roof), std::string::npos) << roof;
  EXPECT_NE(svg.find("Some &lt;processor&gt; &amp; more"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

/// On a log-log plot equal ratios are equal lengths, and the roof bends where peak and slope meet.
TEST(Roofline, HasLogarithmicAxes) {
  table::Axes const axes{100, 50, 400, 200, 1, 16, 1, 100};
  EXPECT_DOUBLE_EQ(axes.x(1), 100);
  EXPECT_DOUBLE_EQ(axes.x(4), 300);
  EXPECT_DOUBLE_EQ(axes.x(16), 500);
  EXPECT_DOUBLE_EQ(axes.y(1), 250);
  EXPECT_DOUBLE_EQ(axes.y(10), 150);
  table::Roof const roof{"v4", 1, 250e9, 25e9, {}};
  EXPECT_DOUBLE_EQ(roof.at(4), 100e9);
  EXPECT_DOUBLE_EQ(roof.at(10), 250e9);
  EXPECT_DOUBLE_EQ(roof.at(400), 250e9);
}

TEST(Roofline, ManyPointsInOnePlaceKeepTheirNumbersApart) {
  std::vector<json> all;
  for (int i = 0; i < 60; ++i)
    all.push_back(repetition("mask/number_" + std::to_string(i) + "/512/isa:v4/threads:1", 10 + 0.01 * i,
                             {{"flops", 2e9}, {"bytes", 1e7}, {"peak", 250e9}}));
  Joined const run({{"limits.json", limits().dump()}, {"masks.json", program(all).dump()}});
  ASSERT_EQ(run.code, 0) << run.trouble;
  EXPECT_EQ(markup::fault(run.content("roofline.svg")), "");
  EXPECT_EQ(markup::count(run.content("roofline.svg"), "<title>"), 60);
}

TEST(Roofline, IsTheBestPeakOfTheRun) {
  json const faster =
      repetition("forward/full/512/isa:v4/threads:1/real_time", 10, {{"flops", 1e9}, {"bytes", 1e6}, {"peak", 260e9}});
  Joined const run({{"limits.json", limits().dump()}, {"forward.json", program({faster}).dump()}});
  EXPECT_NE(run.content("roofline.svg").find("v4, 1 thread: 260 GFLOP/s"), std::string::npos);
}

/// The limits alone are a plot without points.
TEST(Roofline, NeedsNoPoints) {
  Joined const run({{"limits.json", limits().dump()}});
  ASSERT_EQ(run.code, 0) << run.trouble;
  EXPECT_EQ(markup::fault(run.content("roofline.svg")), "");
}

TEST(Table, SaysWhatWasSkippedAndEndsWithOne) {
  json skipped = repetition("forward/causal/1x8x8x512x512x64/isa:v4/threads:1", 0, json::object());
  skipped["error_occurred"] = true;
  skipped["error_message"] = "the result is off by 0.5, \"much\"";
  Joined const run({{"limits.json", limits().dump()}, {"forward.json", program({skipped, skipped}).dump()}});
  EXPECT_EQ(run.code, 1);
  EXPECT_NE(run.out.find("no time: the result is off by 0.5, \"much\"\n"), std::string::npos) << run.out;
  EXPECT_NE(run.content("attend.csv").find(",,,0,,,,,,,,,\"the result is off by 0.5, \"\"much\"\"\"\n"),
            std::string::npos)
      << run.content("attend.csv");
  EXPECT_EQ(json::parse(run.content("attend.json"))["rows"][5]["fault"], "the result is off by 0.5, \"much\"");
}

TEST(Table, SaysWhenOthersWereAtWork) {
  auto const said = [](double processor_milliseconds) {
    json const busy{{"flops", 1e9}, {"bytes", 1e6}, {"peak", 2e11}, {"cpu_time", processor_milliseconds}};
    json const row = repetition("forward/full/512/isa:v4/threads:1/real_time", 10, busy);
    return Joined({{"limits.json", limits().dump()}, {"forward.json", program({row}).dump()}}).out;
  };
  EXPECT_NE(said(4).find("had a core for 40 % of their time"), std::string::npos);
  EXPECT_EQ(said(9.9).find("had a core"), std::string::npos);
}

/// One sentence, exit code 2, and nothing written.
void expect_refused(std::vector<std::pair<std::string, std::string>> const& files, std::string const& sentence) {
  Joined const run(files);
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.trouble.find(sentence), std::string::npos) << run.trouble << "wanted: " << sentence;
  EXPECT_EQ(markup::count(run.trouble, "\n"), 1) << run.trouble;
  EXPECT_TRUE(run.trouble.starts_with("table: ") && run.trouble.ends_with(".\n")) << run.trouble;
  EXPECT_EQ(run.out, "");
  for (char const* const name : {"/attend.json", "/attend.csv", "/roofline.svg"})
    EXPECT_FALSE(std::filesystem::exists(run.folder + name)) << name;
}

TEST(Table, RefusesWhatIsNoFileOfBenchmarks) {
  Joined run({{"limits.json", limits().dump()}});
  run.words.push_back(run.folder + "/nowhere.json");
  run.again();
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.trouble, "table: cannot open " + run.folder + "/nowhere.json.\n");
  run.words.resize(1);
  run.again();
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.trouble.find("wanted are a folder"), std::string::npos);

  expect_refused({{"a.json", ""}}, "a.json is no JSON");
  expect_refused({{"a.json", limits().dump().substr(0, 300)}}, "a.json is no JSON: reading it ends at byte 301");
  expect_refused({{"a.json", "{\"benchmarks\": [NaN]}"}}, "is no JSON");
  expect_refused({{"a.json", "[]"}}, "has no list \"benchmarks\"");
  expect_refused({{"a.json", "{\"benchmarks\": 3}"}}, "has no list \"benchmarks\"");
  expect_refused({{"a.json", "{\"benchmarks\": []}"}}, "there is no benchmark in what was given");
  expect_refused({{"a.json", "{\"benchmarks\": [3]}"}}, "benchmark 0 of ");
  expect_refused({{"forward.json", forward().dump()}}, "the limits of the machine are missing");
}

TEST(Table, RefusesARowThatIsNotWhole) {
  auto const refused = [](json const& benchmark, std::string const& sentence) {
    expect_refused({{"limits.json", limits().dump()}, {"b.json", program({benchmark}).dump()}}, sentence);
  };
  json const good =
      repetition("forward/full/512/isa:v4/threads:1", 1, {{"flops", 1e9}, {"bytes", 1e6}, {"peak", 2e11}});
  for (char const* const name : {"run_name", "run_type", "real_time", "time_unit"}) {
    json without = good;
    without.erase(name);
    refused(without, std::string("has no \"") + name + "\"");
  }
  auto const with = [&](char const* name, json const& value) {
    json changed = good;
    changed[name] = value;
    return changed;
  };
  refused(with("real_time", "1"), "is no number");
  refused(with("real_time", 0), "is not above 0");
  refused(with("run_name", 5), "is no text");
  refused(with("time_unit", "hours"), "which is none of ns, us, ms, s");
  for (char const* const name : {"forward", "forward/full/512", "forward/full/512/isa:v4", "full/isa:v4/threads:1",
                                 "forward/full/512/isa:v4/threads:two", "forward/full/512/isa:v4/threads:1234567"})
    refused(with("run_name", name), "which is not variant/shape");
  refused(with("peak", 0), "has no limit");
  json without = good;
  without.erase("peak");
  refused(without, "has no limit");
  without = good;
  without.erase("flops");
  refused(without, "does not count the work for it");
  refused(with("run_name", "forward/full/512/isa:v9/threads:1"), "whose limits were not measured");
}

}  // namespace table_tests
