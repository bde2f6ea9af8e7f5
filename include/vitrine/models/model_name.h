#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace vitrine {

// How models are called: by their kind, as in "ials", or KIND@LABEL, as in "ials@wide", so that
// several of one kind are beside each other, each with settings of its own. A label is 1 to 32 of
// a-z, 0-9 and _. The ranker has none: there is one at most.
inline constexpr std::size_t kMostLabelBytes = 32;

// The kind of the model that is called so. The name itself where it has no label, or none that it
// may have: no kind has an @.
std::string_view KindOf(std::string_view name);

inline bool IsLabelled(std::string_view name) { return KindOf(name) != name; }

// What to tell someone who wrote `name` where one of `names`, or a label behind it, was wanted:
// what a label must be, where that is at fault, else as Allowed.
std::string AllowedModels(std::string_view name, std::span<const std::string> names);

}  // namespace vitrine
