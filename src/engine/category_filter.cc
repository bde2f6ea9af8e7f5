#include "engine/category_filter.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "vitrine/feature_store/text.h"

namespace vitrine {

namespace {

constexpr std::string_view kSeparator = " > ";

bool IsName(char c) { return std::string_view(" \t\r\n>").find(c) == std::string_view::npos; }

// Whether CategoryPrefixes would give the path as it stands.
bool IsNormal(std::string_view path) {
  if (path.empty() || !IsName(path.front()) || !IsName(path.back())) return false;
  for (std::size_t at = path.find('>'); at != path.npos; at = path.find('>', at + 1)) {
    if (at < 2 || path.substr(at - 1, 3) != kSeparator) return false;
    if (!IsName(path[at - 2]) || !IsName(path[at + 2])) return false;
  }
  return true;
}

}  // namespace

bool LiesIn(std::string_view path, std::string_view category) {
  if (path.starts_with(category) &&
      (path.size() == category.size() || path.substr(category.size()).starts_with(kSeparator))) {
    return true;
  }
  if (IsNormal(path)) return false;
  const std::vector<std::string> prefixes = CategoryPrefixes(path);
  return std::find(prefixes.begin(), prefixes.end(), category) != prefixes.end();
}

ItemBitmap CategoryFilter::ItemsIn(std::span<const std::string> categories) const {
  ItemBitmap items = *ItemsInOne(categories.front());
  for (const std::string& category : categories.subspan(1)) {
    items.UnionWith(*ItemsInOne(category));
  }
  return items;
}

std::shared_ptr<const ItemBitmap> CategoryFilter::ItemsInOne(const std::string& category) const {
  // Before the scan: what changes during it makes the next request scan again.
  const std::uint64_t version = catalogue_.content_version();
  {
    std::lock_guard lock(mutex_);
    const auto found = remembered_.find(category);
    if (found != remembered_.end() && found->second.content_version == version) {
      return found->second.items;
    }
  }
  auto items = std::make_shared<const ItemBitmap>(Scan(category));
  std::lock_guard lock(mutex_);
  if (remembered_.size() >= kMaxRemembered) remembered_.clear();
  remembered_[category] = {version, items};
  return items;
}

ItemBitmap CategoryFilter::Scan(const std::string& category) const {
  const std::vector<std::string> prefixes = CategoryPrefixes(category);
  const std::size_t num_items = catalogue_.num_indices();
  ItemBitmap items(num_items);
  if (prefixes.empty()) return items;
  for (std::size_t row = 0; row < num_items; ++row) {
    const ItemIndex index{static_cast<std::uint32_t>(row)};
    const std::shared_ptr<const Item> item = catalogue_.Get(index);
    if (item == nullptr) continue;
    const bool is_in =
        std::any_of(item->categories.begin(), item->categories.end(),
                    [&](const std::string& path) { return LiesIn(path, prefixes.back()); });
    if (is_in) items.Insert(index);
  }
  return items;
}

}  // namespace vitrine
