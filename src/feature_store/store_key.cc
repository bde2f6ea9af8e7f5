#include "feature_store/store_key.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>

#include "vitrine/base/log.h"

namespace vitrine {
namespace {

// One per purpose, so that hashes of equal texts differ.
constexpr char kEventIdDomain = 'e';
constexpr char kFingerprintDomain = 'f';
constexpr char kSealDomain = 's';
constexpr std::size_t kEventIdBytes = 16;
constexpr std::size_t kFingerprintBytes = 8;

[[noreturn]] void Die(const char* what) {
  Log(LogLevel::kError, "store.crypto-failed", {{"call", what}});
  std::abort();
}

}  // namespace

std::string StoreKey::Generate() {
  std::array<unsigned char, kBytes> bytes{};
  // Without random numbers there is no secret, and nothing that could go on.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) Die("RAND_bytes");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string StoreKey::Tombstone(ShopperKind kind, std::string_view id) const {
  return Hmac(static_cast<char>(kind), id);
}

std::string StoreKey::EventIdKey(std::string_view event_id) const {
  return Hmac(kEventIdDomain, event_id).substr(0, kEventIdBytes);
}

std::string StoreKey::Seal(std::string_view text) const { return Hmac(kSealDomain, text); }

std::string StoreKey::Fingerprint() const {
  return Hmac(kFingerprintDomain, "").substr(0, kFingerprintBytes);
}

std::string StoreKey::Hmac(char domain, std::string_view text) const {
  std::string message(1, domain);
  message.append(text);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const unsigned char* done = HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
                                   reinterpret_cast<const unsigned char*>(message.data()),
                                   message.size(), digest.data(), &size);
  if (done == nullptr) Die("HMAC");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace vitrine
