#include "server/grpc_log.h"

#include <gmock/gmock.h>
#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "vitrine/base/log.h"
#include "vitrine/server/server.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(GrpcLogTest, AddressesAreLeftOut) {
  EXPECT_EQ(WithoutAddresses("nothing"), "nothing");
  EXPECT_EQ(WithoutAddresses("from ipv4:192.0.2.1:443, then"), "from [address], then");
  EXPECT_EQ(WithoutAddresses("ipv6:[2001:db8::1]:80 ipv4:192.0.2.1:1"), "[address] [address]");
}

TEST(GrpcLogTest, LinesAreOursAndAFloodIsCounted) {
  RouteGrpcLog();
  SetLogLevel(LogLevel::kInfo);

  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) {
    gpr_log(GPR_ERROR, "Handshake failed with \"ipv4:192.0.2.1:443\" %d", i);
  }
  const std::string lines = ::testing::internal::GetCapturedStderr();

  EXPECT_THAT(lines, HasSubstr("warning server.grpc message="));
  EXPECT_THAT(lines, HasSubstr("at=grpc_log_test.cc:"));
  EXPECT_THAT(lines, Not(HasSubstr("192.0.2.1")));
  EXPECT_LT(std::count(lines.begin(), lines.end(), '\n'), 20);
}

}  // namespace
}  // namespace vitrine
