#include "feature_store/store_key.h"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "absl/strings/escaping.h"

namespace vitrine {
namespace {

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }

// The bytes 0 to 31.
StoreKey KnownKey() {
  std::string secret;
  for (std::size_t i = 0; i < StoreKey::kBytes; ++i) secret += static_cast<char>(i);
  return StoreKey(secret);
}

// As Python's hmac.new(bytes(range(32)), b"s" + text, hashlib.sha256).hexdigest() has it.
TEST(StoreKeyTest, HashesAreHmacSha256) {
  const StoreKey key = KnownKey();

  EXPECT_EQ(Hex(key.Seal("")), "0a69063642f96a58a547bb9bcc31bd0669f3aee2576013d9549435409ce6c342");
  EXPECT_EQ(Hex(key.Seal("what clients keep")),
            "34379b07a68f342b5774dcc3731247f646b1a984d6377eae0e76561d29fbcb22");
  EXPECT_EQ(Hex(key.Seal(std::string(200, 'x'))),
            "d8e414b21b662722d03e43735f96ab6e0d684cfb1cc71e696074b4f541e4f4a8");
  EXPECT_EQ(Hex(key.EventIdKey("visit-1")), "771f753f482184ed78093bf25057e12d");
}

TEST(StoreKeyTest, ManyThreadsMayHash) {
  const StoreKey key = KnownKey();
  const std::string expected = key.Seal("text");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 2'000; ++n) EXPECT_EQ(key.Seal("text"), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace vitrine
