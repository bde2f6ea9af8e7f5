#include "vitrine/feature_store/sealed_token.h"

#include <cstddef>

#include "absl/strings/escaping.h"

namespace vitrine {
namespace {

// In a time that says nothing of where they differ.
bool AreEqualSeals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

std::string SealToken(const FeatureStore& store, std::string bytes) {
  bytes += store.Seal(bytes);
  return absl::WebSafeBase64Escape(bytes);
}

std::optional<std::string> OpenToken(const FeatureStore& store, TokenForm form,
                                     std::string_view token) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape({token.data(), token.size()}, &bytes) ||
      bytes.size() <= FeatureStore::kSealBytes || bytes[0] != static_cast<char>(form)) {
    return std::nullopt;
  }
  const std::size_t size = bytes.size() - FeatureStore::kSealBytes;
  const auto text = std::string_view(bytes).substr(0, size);
  if (!AreEqualSeals(store.Seal(text), std::string_view(bytes).substr(size))) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

}  // namespace vitrine
