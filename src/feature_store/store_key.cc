#include "feature_store/store_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <cassert>
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
constexpr std::size_t kDigestBytes = 32;

[[noreturn]] void Die(const char* what) {
  Log(LogLevel::kError, "store.crypto-failed", {{"call", what}});
  std::abort();
}

std::shared_ptr<EVP_MAC_CTX> KeyedHmac(std::string_view secret) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> hmac(
      EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr), EVP_MAC_free);
  std::string digest = "SHA256";
  const std::array params{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), digest.size()),
      OSSL_PARAM_construct_end()};
  std::shared_ptr<EVP_MAC_CTX> keyed(EVP_MAC_CTX_new(hmac.get()), EVP_MAC_CTX_free);
  if (keyed == nullptr ||
      EVP_MAC_init(keyed.get(), reinterpret_cast<const unsigned char*>(secret.data()),
                   secret.size(), params.data()) != 1) {
    Die("EVP_MAC_init");
  }
  return keyed;
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

StoreKey::StoreKey(std::string_view secret) : keyed_(KeyedHmac(secret)) {
  assert(secret.size() == kBytes);
}

std::string StoreKey::Hmac(char domain, std::string_view text) const {
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> hmac(
      EVP_MAC_CTX_dup(keyed_.get()), EVP_MAC_CTX_free);
  const auto update = [&hmac](std::string_view bytes) {
    return EVP_MAC_update(hmac.get(), reinterpret_cast<const unsigned char*>(bytes.data()),
                          bytes.size()) == 1;
  };
  std::string hash(kDigestBytes, '\0');
  std::size_t num_bytes = 0;
  if (hmac == nullptr || !update({&domain, 1}) || !update(text) ||
      EVP_MAC_final(hmac.get(), reinterpret_cast<unsigned char*>(hash.data()), &num_bytes,
                    hash.size()) != 1) {
    Die("EVP_MAC");
  }
  return hash;
}

}  // namespace vitrine
