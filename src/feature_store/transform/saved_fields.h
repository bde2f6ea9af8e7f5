#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "vitrine/base/bytes.h"

namespace vitrine {

// The bytes of what transforms have learned, from one list of fields a struct: a struct whose
// static Fields(self) returns std::tie of its members can be written and read. Numbers as in
// base/bytes.h; an enumeration is its number, an optional a 0 or a 1 and the value, a vector its
// length and the values, a struct its fields in order.

template <typename T>
concept HasFields = requires(T& value) {
  T::Fields(value);
};

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <typename T>
void WriteField(const T& value, ByteWriter& writer) {
  if constexpr (HasFields<const T>) {
    std::apply([&](const auto&... fields) { (WriteField(fields, writer), ...); }, T::Fields(value));
  } else if constexpr (IsVector<T>::value) {
    writer.Unsigned(value.size());
    for (const auto& each : value) WriteField(each, writer);
  } else if constexpr (IsOptional<T>::value) {
    writer.Unsigned(value.has_value() ? 1 : 0);
    if (value.has_value()) WriteField(*value, writer);
  } else if constexpr (std::is_same_v<T, std::string>) {
    writer.String(value);
  } else if constexpr (std::is_same_v<T, double>) {
    writer.Double(value);
  } else if constexpr (std::is_enum_v<T> || std::is_unsigned_v<T>) {
    writer.Unsigned(static_cast<std::uint64_t>(value));
  } else {
    Save(value, writer);
  }
}

// False: the bytes hold no such value, such as an enumerator that does not exist or a number that
// is not finite. Too few bytes are the reader's to say.
template <typename T>
bool ReadField(ByteReader& reader, T& value) {
  if constexpr (HasFields<T>) {
    return std::apply([&](auto&... fields) { return (ReadField(reader, fields) && ...); },
                      T::Fields(value));
  } else if constexpr (IsVector<T>::value) {
    value.clear();
    for (std::size_t left = reader.Count(); left > 0 && reader.ok(); --left) {
      if (!ReadField(reader, value.emplace_back())) return false;
    }
    return true;
  } else if constexpr (IsOptional<T>::value) {
    value.reset();
    const std::uint64_t has_value = reader.Unsigned();
    return has_value == 0 || (has_value == 1 && ReadField(reader, value.emplace()));
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = reader.String();
    return true;
  } else if constexpr (std::is_same_v<T, double>) {
    value = reader.Double();
    return std::isfinite(value);
  } else if constexpr (std::is_enum_v<T>) {
    const std::uint64_t number = reader.Unsigned();
    value = static_cast<T>(number);
    return number <= static_cast<std::uint64_t>(LastOf(value));
  } else if constexpr (std::is_same_v<T, bool>) {
    const std::uint64_t number = reader.Unsigned();
    value = number == 1;
    return number <= 1;
  } else {
    static_assert(std::is_unsigned_v<T>);
    value = static_cast<T>(reader.Unsigned());
    return true;
  }
}

}  // namespace vitrine
