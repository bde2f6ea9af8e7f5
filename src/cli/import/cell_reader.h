#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/import/convert.h"

namespace vitrine::cli {

// Reads the fields of one row by their names. The first cell that cannot be read is remembered, and
// the value of the field is then of no use. Not thread-safe.
class CellReader {
 public:
  // All must outlive it.
  CellReader(const Row& row, const ConvertOptions& options, const TimeFormat& time_format)
      : row_(row), options_(options), time_format_(time_format) {}

  // Empty when the row has no such cell.
  std::string Text(const std::string& field) const;

  std::vector<std::string> Texts(const std::string& field) const;
  std::optional<double> Number(const std::string& field);
  std::optional<std::int64_t> Integer(const std::string& field);

  // An amount: a decimal cell, or whole millionths in FIELD_micros, with the row's or the import's
  // currency, or, as the API's JSON has it, FIELD.micros with FIELD.currency_code.
  std::optional<Money> Price(const std::string& field);

  // 0 when the row does not say.
  Micros Time(const std::string& field);

  std::map<std::string, AttributeValue> Attributes();

  // Whether the row has a cell of that name, or one below it.
  bool Has(const std::string& field) const;

  const std::optional<Rejection>& rejection() const { return rejection_; }

 private:
  std::string ColumnOf(const std::string& field) const;
  const Cell* Find(const std::string& field) const;
  void Fail(const std::string& field, const std::string& seen, const std::string& wanted);
  std::optional<Money> WholeMicros(const std::string& field, const Cell& cell,
                                   std::string currency);
  AttributeValue Attribute(const std::string& field, const Cell& cell, Transform transform);

  const Row& row_;
  const ConvertOptions& options_;
  const TimeFormat& time_format_;
  std::optional<Rejection> rejection_;
};

}  // namespace vitrine::cli
