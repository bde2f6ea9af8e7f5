#include "cli/address.h"

#include <gtest/gtest.h>

namespace vitrine::cli {
namespace {

TEST(IsPrivateAddressTest, OnlyThisMachineReachesLoopbackAndSockets) {
  EXPECT_TRUE(IsPrivateAddress("127.0.0.1:50051"));
  EXPECT_TRUE(IsPrivateAddress("127.8.9.1:1"));
  EXPECT_TRUE(IsPrivateAddress("localhost:50051"));
  EXPECT_TRUE(IsPrivateAddress("[::1]:50051"));
  EXPECT_TRUE(IsPrivateAddress("unix:/run/vitrine.sock"));
}

TEST(IsPrivateAddressTest, EverythingElseMayBeReachedFromOutside) {
  EXPECT_FALSE(IsPrivateAddress("0.0.0.0:50051"));
  EXPECT_FALSE(IsPrivateAddress("[::]:50051"));
  EXPECT_FALSE(IsPrivateAddress("192.168.1.2:50051"));
  EXPECT_FALSE(IsPrivateAddress("shop.example.com:50051"));
  EXPECT_FALSE(IsPrivateAddress("127.evil.example.com:50051"));
  EXPECT_FALSE(IsPrivateAddress("localhost.example.com:50051"));
  EXPECT_FALSE(IsPrivateAddress(""));
}

}  // namespace
}  // namespace vitrine::cli
