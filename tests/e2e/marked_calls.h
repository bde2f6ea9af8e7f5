#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace vitrine::testing {

// Whatever comes from a caller, with a mark in it.
inline constexpr char kMark[] = "MaRk";
inline std::string Marked(const std::string& what) { return what + kMark; }

// How a request is filled: each text is its field's name with the mark, each number 1 or 0.5, each
// list and map has one entry.
struct Marking {
  // A text that wants a form, such as a filter, has it, so that the request is taken; else it is as
  // all others.
  bool is_sound = false;
  // Where one of several fields may be set, which of those that hold a text, counted around.
  std::size_t alternative = 0;
};

// Calls every method of the server at `address` once, one that takes a stream with one message, and
// waits for its end, whatever that is. Shows `key`, and an id that is none. Returns the names of
// the methods whose calls the log may have in its sample.
std::vector<std::string> CallEveryMethod(const std::string& address, const std::string& key,
                                         const Marking& marking);

}  // namespace vitrine::testing
