#include "cli/import/cell_reader.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"

namespace vitrine::cli {
namespace {

constexpr double kLargestWhole = 9007199254740992.0;  // 2^53: above, doubles skip integers.
constexpr std::size_t kMaxQuoted = 60;

std::string Strip(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") + 1 - begin));
}

}  // namespace

std::string CellReader::ColumnOf(const std::string& field) const {
  if (options_.mapping.Maps(field)) return options_.mapping.ColumnOf(field).column;
  const std::string_view alias = AliasOf(options_.kind, field);
  const bool has_alias = !alias.empty() && !Has(field) && Has(std::string(alias));
  return has_alias ? std::string(alias) : field;
}

const Cell* CellReader::Find(const std::string& field) const {
  const Cell* cell = row_.Find(ColumnOf(field));
  return cell == nullptr || cell->text.empty() ? nullptr : cell;
}

void CellReader::Fail(const std::string& field, const std::string& seen,
                      const std::string& wanted) {
  if (rejection_.has_value()) return;
  std::string name = field.substr(0, field.find('['));
  if (field.find('.') != std::string::npos) name = field.substr(field.rfind('.') + 1);
  rejection_ = Rejection{"bad-" + name, absl::StrFormat("%s is \"%s\"; wants %s", field,
                                                        seen.substr(0, kMaxQuoted), wanted)};
}

std::string CellReader::Text(const std::string& field) const {
  const Cell* cell = Find(field);
  if (cell == nullptr) return {};
  const bool is_integer = options_.mapping.ColumnOf(field).transform == Transform::kInteger;
  return is_integer ? WithoutFraction(cell->text) : cell->text;
}

std::vector<std::string> CellReader::Texts(const std::string& field) const {
  std::vector<std::string> texts;
  if (const Cell* cell = Find(field)) {
    std::string_view rest = cell->text;
    while (true) {
      const std::size_t end = rest.find(options_.list_separator);
      std::string text = Strip(rest.substr(0, end));
      if (!text.empty()) texts.push_back(std::move(text));
      if (end == std::string_view::npos) return texts;
      rest.remove_prefix(end + 1);
    }
  }
  const std::string column = ColumnOf(field);
  for (std::size_t i = 0;; ++i) {
    const Cell* cell = row_.Find(absl::StrFormat("%s[%d]", column, i));
    if (cell == nullptr) return texts;
    texts.push_back(cell->text);
  }
}

std::optional<double> CellReader::Number(const std::string& field) {
  const Cell* cell = Find(field);
  if (cell == nullptr) return std::nullopt;
  const std::optional<double> number = ParseNumber(cell->text);
  if (!number.has_value()) Fail(field, cell->text, "a number such as 4.5");
  return number;
}

std::optional<std::int64_t> CellReader::Integer(const std::string& field) {
  const Cell* cell = Find(field);
  if (cell == nullptr) return std::nullopt;
  const std::optional<double> number = ParseNumber(cell->text);
  if (!number.has_value() || std::trunc(*number) != *number || std::abs(*number) > kLargestWhole) {
    Fail(field, cell->text, "a whole number such as 2");
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*number);
}

std::optional<Money> CellReader::Price(const std::string& field) {
  const std::string column = ColumnOf(field);
  std::string currency = Text("currency");
  if (currency.empty()) currency = options_.currency;
  if (const Cell* micros = row_.Find(column + ".micros")) {
    const Cell* code = row_.Find(column + ".currency_code");
    return WholeMicros(field, *micros, code == nullptr ? currency : code->text);
  }
  const Cell* micros = row_.Find(column + "_micros");
  if (micros != nullptr && !micros->text.empty()) return WholeMicros(field, *micros, currency);

  const Cell* cell = Find(field);
  if (cell == nullptr) return std::nullopt;
  const std::optional<std::int64_t> amount = ParseMicros(cell->text);
  if (amount.has_value()) return Money{*amount, currency};
  Fail(field, cell->text, "a decimal amount such as 2.55, at most six digits behind the point");
  return std::nullopt;
}

std::optional<Money> CellReader::WholeMicros(const std::string& field, const Cell& cell,
                                             std::string currency) {
  const std::optional<double> amount = ParseNumber(cell.text);
  if (amount.has_value() && std::trunc(*amount) == *amount && std::abs(*amount) <= kLargestWhole) {
    return Money{static_cast<std::int64_t>(*amount), std::move(currency)};
  }
  Fail(field, cell.text, "whole millionths of the currency's unit");
  return std::nullopt;
}

Micros CellReader::Time(const std::string& field) {
  const Cell* cell = Find(field);
  if (cell == nullptr) return 0;
  const std::optional<Micros> time = time_format_.Parse(cell->text);
  if (!time.has_value()) {
    Fail(field, cell->text,
         time_format_.format() == "auto" ? "a time such as 2010-12-01 08:26:00, or --time-format"
                                         : "a time of the format " + time_format_.format());
    return 0;
  }
  return *time;
}

AttributeValue CellReader::Attribute(const std::string& field, const Cell& cell,
                                     Transform transform) {
  if (transform == Transform::kInteger) return WithoutFraction(cell.text);
  if (transform == Transform::kNone && !cell.is_number) return cell.text;
  const std::optional<double> number = ParseNumber(cell.text);
  if (!number.has_value()) Fail(field, cell.text, "a number such as 4.5");
  return number.value_or(0);
}

std::map<std::string, AttributeValue> CellReader::Attributes() {
  std::map<std::string, AttributeValue> attributes;
  for (const std::string& field : options_.mapping.attribute_fields()) {
    const MappedColumn mapped = options_.mapping.ColumnOf(field);
    const Cell* cell = Find(field);
    if (cell == nullptr) continue;
    attributes[field.substr(kAttributePrefix.size())] = Attribute(field, *cell, mapped.transform);
  }
  for (std::size_t i = 0; i < row_.cells.size(); ++i) {
    const std::string& name = (*row_.names)[i];
    if (!name.starts_with(kAttributePrefix) || name.size() == kAttributePrefix.size()) continue;
    if (row_.cells[i].text.empty() || options_.mapping.Maps(name)) continue;
    attributes[name.substr(kAttributePrefix.size())] =
        Attribute(name, row_.cells[i], Transform::kNone);
  }
  return attributes;
}

bool CellReader::Has(const std::string& field) const {
  return std::any_of(row_.names->begin(), row_.names->end(), [&field](const std::string& name) {
    return name.starts_with(field) &&
           (name.size() == field.size() || name[field.size()] == '.' || name[field.size()] == '[');
  });
}

}  // namespace vitrine::cli
