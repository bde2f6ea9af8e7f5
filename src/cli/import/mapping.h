#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine::cli {

enum class RowKind { kItems, kUsers, kEvents };

// "items", "users", "events"
std::string_view Name(RowKind kind);

// How a cell becomes the text of a field.
enum class Transform {
  kNone,
  kInteger,  // "17850.0" is "17850"
  kNumber,   // An attribute that is a number rather than text.
};

// The column that a field is read from.
struct MappedColumn {
  std::string column{};
  Transform transform = Transform::kNone;
};

// Which column each field is read from. A field that is not mapped is read from the column of its
// own name, if there is one.
class Mapping {
 public:
  Mapping() = default;

  // Each of `specs` is "field=column[:transform],field=column...". Errors: INVALID_ARGUMENT naming
  // the piece: not of that form, no such field of `kind` (with those there are), mapped twice.
  static absl::StatusOr<Mapping> Parse(RowKind kind, const std::vector<std::string>& specs);

  // The column of `field`.
  MappedColumn ColumnOf(const std::string& field) const;

  bool Maps(const std::string& field) const { return columns_.contains(field); }

  // INVALID_ARGUMENT naming a mapped column that a file with these columns has not.
  absl::Status CheckColumns(const std::vector<std::string>& columns) const;

  // Fields "attributes.NAME" that are mapped.
  std::vector<std::string> attribute_fields() const;

 private:
  std::map<std::string, MappedColumn> columns_;
};

// Another name that a column of `field` may have where it is not mapped, empty for none: files name
// ids by what they are of, "item_id".
std::string_view AliasOf(RowKind kind, std::string_view field);

// Every field of a kind, without attributes.
const std::vector<std::string>& FieldsOf(RowKind kind);

inline constexpr std::string_view kAttributePrefix = "attributes.";

}  // namespace vitrine::cli
