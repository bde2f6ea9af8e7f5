#pragma once

#include <grpcpp/support/status.h>

#include <cstddef>
#include <string>
#include <vector>

namespace vitrine::testing {

// Whatever comes from a caller, with a mark in it.
inline constexpr char kMark[] = "MaRk";
inline std::string Marked(const std::string& what) { return what + kMark; }

// Where every call of a test comes from, as the server sees it, in front of a port.
inline constexpr char kCallersAddress[] = "127.0.0.1";

// How a request is filled: each text is its field's name with the mark, each number 1 or 0.5, each
// list and map has one entry.
struct Marking {
  // A text that wants a form, such as a filter, has it, so that the request is taken; else it is as
  // all others.
  bool is_sound = false;
  // Where one of several fields may be set, which of those that hold a text, counted around.
  std::size_t alternative = 0;
};

// What came of a call.
struct MarkedCall {
  std::string method{};  // "vitrine.v1.UserService.EraseUser"
  grpc::StatusCode code = grpc::StatusCode::OK;
  bool may_be_sampled = false;  // The log may have such a call in its sample.
};

// Calls every method of the server at `address` once, one that takes a stream with one message, and
// waits for its end, whatever that is. Shows `key`, none where that is empty, and an id that is
// none.
std::vector<MarkedCall> CallEveryMethod(const std::string& address, const std::string& key,
                                        const Marking& marking);

}  // namespace vitrine::testing
