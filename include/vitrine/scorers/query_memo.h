#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace vitrine {

// What scorers have worked out of one query and are asked for again: a list is scored first and
// explained then, and a fold-in serves both. Changes no answer. One thread's.
class QueryMemo {
 public:
  // What `owner`, which makes one thing of a query, has made of it: by make() where it has not yet,
  // or where `memo` is null.
  template <typename T, typename Make>
  static std::shared_ptr<const T> Recall(QueryMemo* memo, const void* owner, const Make& make) {
    if (auto found = Find<T>(memo, owner)) return found;
    auto made = std::make_shared<const T>(make());
    if (memo != nullptr) memo->entries_.push_back({owner, made});
    return made;
  }

  // What `owner` has made of it, null where it has not.
  template <typename T>
  static std::shared_ptr<const T> Find(const QueryMemo* memo, const void* owner) {
    if (memo == nullptr) return nullptr;
    for (const Entry& entry : memo->entries_) {
      if (entry.owner == owner) return std::static_pointer_cast<const T>(entry.made);
    }
    return nullptr;
  }

 private:
  struct Entry {
    const void* owner = nullptr;
    std::shared_ptr<const void> made{};
  };

  std::vector<Entry> entries_;
};

}  // namespace vitrine
