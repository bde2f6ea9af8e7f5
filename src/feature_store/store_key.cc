#include "feature_store/store_key.h"

#include <openssl/evp.h>
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
constexpr std::size_t kBlockBytes = 64;  // Of SHA-256.
constexpr std::size_t kDigestBytes = 32;
constexpr char kInnerPad = 0x36;
constexpr char kOuterPad = 0x5C;

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

StoreKey::StoreKey(std::string_view secret)
    : inner_(Begin(secret, kInnerPad)), outer_(Begin(secret, kOuterPad)) {
  assert(secret.size() == kBytes);
}

StoreKey::Digest StoreKey::Begin(std::string_view secret, char pad) {
  std::string block(kBlockBytes, pad);
  for (std::size_t i = 0; i < secret.size(); ++i) block[i] = static_cast<char>(secret[i] ^ pad);
  Digest digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (digest == nullptr || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1 ||
      EVP_DigestUpdate(digest.get(), block.data(), block.size()) != 1) {
    Die("EVP_DigestInit");
  }
  return digest;
}

std::string StoreKey::Hmac(char domain, std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(),
                                                                       EVP_MD_CTX_free);
  std::string hash(kDigestBytes, '\0');
  auto* const bytes = reinterpret_cast<unsigned char*>(hash.data());
  if (digest == nullptr || EVP_MD_CTX_copy_ex(digest.get(), inner_.get()) != 1 ||
      EVP_DigestUpdate(digest.get(), &domain, 1) != 1 ||
      EVP_DigestUpdate(digest.get(), text.data(), text.size()) != 1 ||
      EVP_DigestFinal_ex(digest.get(), bytes, nullptr) != 1 ||
      EVP_MD_CTX_copy_ex(digest.get(), outer_.get()) != 1 ||
      EVP_DigestUpdate(digest.get(), hash.data(), hash.size()) != 1 ||
      EVP_DigestFinal_ex(digest.get(), bytes, nullptr) != 1) {
    Die("EVP_Digest");
  }
  return hash;
}

}  // namespace vitrine
