// Bundles of models: what is between the magic and the checksum, which a fuzzer would never guess.
// What is loaded can be saved.
#include "vitrine/models/bundle.h"

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/memory_file.h"
#include "vitrine/base/atomic_file.h"

namespace {

using namespace vitrine;  // NOLINT(google-build-using-namespace)

constexpr std::size_t kNumItems = 8;
constexpr char kMagic[] = "VTBUNDL3";

// "p00003" is item 3, as in the corpus.
std::optional<ItemIndex> Find(std::string_view id) {
  if (id.size() != 6 || id[0] != 'p' || id[5] < '0' || id[5] >= '0' + static_cast<int>(kNumItems))
    return std::nullopt;
  return ItemIndex{static_cast<std::uint32_t>(id[5] - '0')};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  testing::MemoryFile files;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!WriteCheckedFile(files, "bundle", kMagic, bytes).ok()) std::abort();
  (void)ReadBundleSummary(files, "bundle");
  const auto models = LoadBundle(files, "bundle", kNumItems, Find);
  if (!models.ok()) return 0;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < kNumItems; ++i) ids.push_back("p0000" + std::to_string(i));
  if (!SaveBundle(files, "bundle", *models, ids).ok()) std::abort();
  (void)LoadBundle(files, "bundle", kNumItems, Find);  // It need not: its items may be others.
  return 0;
}
