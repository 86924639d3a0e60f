#include <attend/hard/temperature_schedule.hpp>

#include <gtest/gtest.h>

namespace temperature_schedule_tests {

using attend::TemperatureSchedule;

TEST(TemperatureSchedule, FallsExponentiallyToItsFloor) {
  TemperatureSchedule const schedule{2, 0.5, 0.01};
  EXPECT_EQ(schedule.at(0), 2);
  EXPECT_NEAR(schedule.at(50), 2 * std::exp(-0.5), 1e-15);
  EXPECT_GT(schedule.at(138), 0.5);  // 100 log 4 = 138.6
  EXPECT_EQ(schedule.at(139), 0.5);
  EXPECT_EQ(schedule.at(1000000000), 0.5);
}

TEST(TemperatureSchedule, RefusesWhatCannotBe) {
  EXPECT_THROW((void)(TemperatureSchedule{1, 0, 1}.at(1)), attend::Error);
  EXPECT_THROW((void)(TemperatureSchedule{0, 1, 1}.at(1)), attend::Error);
  EXPECT_THROW((void)(TemperatureSchedule{1, 0.5, -1}.at(1)), attend::Error);
}

}  // namespace temperature_schedule_tests
