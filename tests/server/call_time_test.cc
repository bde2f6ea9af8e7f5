#include "server/call_time.h"

#include <gtest/gtest.h>

namespace vitrine {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(CallTimeTest, AFifthIsKeptBackWithinItsBounds) {
  EXPECT_EQ(ReserveOf(milliseconds(5)), milliseconds(1));
  EXPECT_EQ(ReserveOf(milliseconds(100)), milliseconds(20));
  EXPECT_EQ(ReserveOf(milliseconds(1)), microseconds(500));
  EXPECT_EQ(ReserveOf(std::chrono::hours(1)), milliseconds(50));
}

TEST(CallTimeTest, OfTimeThatIsUpAlreadyTheLeastIsKeptBack) {
  EXPECT_EQ(ReserveOf(milliseconds(-3)), microseconds(500));
}

}  // namespace
}  // namespace vitrine
