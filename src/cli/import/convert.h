#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/import/mapping.h"
#include "cli/import/row_reader.h"
#include "cli/import/rules.h"
#include "cli/import/values.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/event.h"
#include "vitrine/feature_store/item.h"
#include "vitrine/feature_store/user.h"

namespace vitrine::cli {

// Why a row is left out.
struct Rejection {
  std::string reason{};  // A stable name to count by: "no-customer", or what a rule says.
  std::string detail{};  // What was seen and what is wanted; may be empty.
};

template <typename T>
using Converted = std::variant<T, Rejection>;

// How rows become items, users and events.
struct ConvertOptions {
  RowKind kind{};
  Mapping mapping{};
  std::vector<Rule> rules{};              // The first that matches decides.
  std::optional<EventType> event_type{};  // Of events whose row and rules do not say.
  std::string anonymous_column{};         // Names the visitor of a row without customer; empty:
                                          // such rows are rejected.
  std::string currency{};                 // Of prices whose row does not say.
  char list_separator = '|';              // Between the values of a cell that holds several.
  std::string source{};                   // Makes ids for events that have none.
};

// Makes values of rows and checks them as the API would. Thread-safe.
//
// The reasons that are not rules': "malformed", "no-customer", "bad-FIELD" (a cell that is not of
// the field's form) and "invalid-FIELD" (a value that the API would refuse, see validate.h).
class RowConverter {
 public:
  RowConverter(ConvertOptions options, TimeFormat time_format)
      : options_(std::move(options)), time_format_(std::move(time_format)) {}

  Converted<Item> ToItem(const Row& row) const;
  Converted<User> ToUser(const Row& row) const;

  // `now` is what no event may be more than a day ahead of.
  Converted<Event> ToEvent(const Row& row, Micros now) const;

  const ConvertOptions& options() const { return options_; }

 private:
  ConvertOptions options_;
  TimeFormat time_format_;
};

}  // namespace vitrine::cli
