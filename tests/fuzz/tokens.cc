// Tokens that clients hand back: page tokens and attribution tokens. One that no store has sealed
// is never taken for one; what is under the seal may be anything all the same, as that of another
// version is.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/page_token.h"
#include "testing/fake_feature_store.h"
#include "vitrine/feature_store/attribution.h"
#include "vitrine/feature_store/sealed_token.h"

namespace {

using namespace vitrine;  // NOLINT(google-build-using-namespace)

const testing::FakeFeatureStore& Store() {
  static const auto* const store = [] {
    auto* made = new testing::FakeFeatureStore();
    for (int i = 0; i < 300; ++i) made->Name("item-" + std::to_string(i));
    return made;
  }();
  return *store;
}

void ReadBoth(const std::string& token, bool is_sealed) {
  const auto attribution = ReadAttribution(Store(), token);
  if (attribution.ok()) {
    if (!is_sealed) std::abort();
    const std::string sealed = SealAttribution(Store(), *attribution);
    const auto again = ReadAttribution(Store(), sealed);
    if (!again.ok() || SealAttribution(Store(), *again) != sealed) std::abort();
  }
  RecommendRequest request{.user_id = "ann"};
  request.page_token = token;
  const auto shown = ShownBefore(Store(), request);
  if (shown.ok() && !token.empty() && !is_sealed) std::abort();
}

// A page of any items leads to a token that says so, to the same request and to no other.
void GoOn(std::string_view bytes) {
  std::vector<ItemIndex> page;
  for (const char c : bytes) page.push_back(ItemIndex{static_cast<std::uint8_t>(c)});
  RecommendRequest request{.user_id = "ann"};
  request.page_token = NextPageToken(Store(), request, {}, page);
  const auto shown = ShownBefore(Store(), request);
  if (!shown.ok() || (!request.page_token.empty() && *shown != page)) std::abort();
  request.user_id = "bob";
  if (!request.page_token.empty() && ShownBefore(Store(), request).ok()) std::abort();
}

}  // namespace

// The first byte: 0 as it is, 255 the items of a page, else the form of the token that is sealed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (data[0] == 0) {
    ReadBoth(bytes.substr(1), /*is_sealed=*/false);
  } else if (data[0] == 255) {
    GoOn(std::string_view(bytes).substr(1));
  } else {
    ReadBoth(SealToken(Store(), std::move(bytes)), /*is_sealed=*/true);
  }
  return 0;
}
