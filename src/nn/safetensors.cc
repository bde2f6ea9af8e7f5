#include "vitrine/nn/safetensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::nn {

namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "the numbers are copied as they are");

constexpr std::size_t kLengthBytes = 8;
constexpr const char* kMetadata = "__metadata__";

// What the format's own reader takes at most.
constexpr std::uint64_t kMostHeaderBytes = 100'000'000;

float FromHalf(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const auto fraction = static_cast<float>(bits & 0x3FF);
  float size =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  if (exponent == 0x1F) {
    size = fraction == 0 ? std::numeric_limits<float>::infinity()
                         : std::numeric_limits<float>::quiet_NaN();
  }
  return (bits & 0x8000) != 0 ? -size : size;
}

template <typename Stored, typename Convert>
std::vector<float> ConvertEach(std::string_view bytes, const Convert& convert) {
  std::vector<float> values(bytes.size() / sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored stored{};
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = convert(stored);
  }
  return values;
}

// Bytes of a number of a type; 0: none that is read here.
std::size_t SizeOf(const std::string& type) {
  if (type == "F32") return 4;
  if (type == "F64") return 8;
  return type == "F16" || type == "BF16" ? 2 : 0;
}

std::vector<float> ToFloats(const std::string& type, std::string_view bytes) {
  if (type == "F32") return ConvertEach<float>(bytes, [](float value) { return value; });
  if (type == "F64") {
    return ConvertEach<double>(bytes, [](double value) { return static_cast<float>(value); });
  }
  if (type == "F16") return ConvertEach<std::uint16_t>(bytes, &FromHalf);
  return ConvertEach<std::uint16_t>(bytes, [](std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  });
}

// An array of counts, or nothing.
bool ReadCounts(const Json& json, std::vector<std::size_t>& counts) {
  if (!json.is_array()) return false;
  for (const Json& count : json) {
    if (!count.is_number_unsigned()) return false;
    counts.push_back(count.get<std::size_t>());
  }
  return true;
}

// One entry of the header. `numbers` are all that follow it.
absl::StatusOr<Tensor> ReadTensor(const std::string& name, const Json& entry,
                                  std::string_view numbers) {
  Tensor tensor{.name = name};
  std::vector<std::size_t> place;
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() ||
      !entry.contains("shape") || !ReadCounts(entry["shape"], tensor.shape) ||
      !entry.contains("data_offsets") || !ReadCounts(entry["data_offsets"], place) ||
      place.size() != 2) {
    return absl::DataLossError("it needs a dtype, a shape and two data_offsets");
  }
  const auto type = entry["dtype"].get<std::string>();
  const std::size_t size = SizeOf(type);
  if (size == 0) {
    return absl::DataLossError(
        absl::StrFormat("its type is %s; F32, F64, F16 and BF16 are read", type));
  }
  if (place[0] > place[1] || place[1] > numbers.size()) {
    return absl::DataLossError(
        absl::StrFormat("it lies at %d to %d of %d bytes", place[0], place[1], numbers.size()));
  }
  const std::size_t has = place[1] - place[0];
  std::size_t wants = size;
  for (const std::size_t count : tensor.shape) {
    // Compared before the product, which may not fit.
    if (count != 0 && wants > numbers.size() / count) wants = numbers.size() + 1;
    if (wants <= numbers.size()) wants *= count;
  }
  if (std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end()) wants = 0;
  if (has != wants) {
    return absl::DataLossError(
        absl::StrFormat("it has %d bytes, which is not what the shape [%s] "
                        "of %s needs",
                        has, absl::StrJoin(tensor.shape, ", "), type));
  }
  tensor.values = ToFloats(type, numbers.substr(place[0], has));
  return tensor;
}

absl::Status Damaged(std::string_view what, const std::string& why) {
  return absl::DataLossError(absl::StrFormat("%s is no safetensors file: %s", what, why));
}

}  // namespace

std::string EncodeTensors(const TensorFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) header[kMetadata] = file.metadata;
  std::size_t position = 0;
  for (const Tensor& tensor : file.tensors) {
    const std::size_t end = position + tensor.values.size() * sizeof(float);
    header[tensor.name] = {
        {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');  // Aligns numbers.
  const std::uint64_t length = text.size();
  std::string bytes(reinterpret_cast<const char*>(&length), kLengthBytes);
  bytes.reserve(kLengthBytes + text.size() + position);
  bytes += text;
  for (const Tensor& tensor : file.tensors) {
    bytes.append(reinterpret_cast<const char*>(tensor.values.data()),
                 tensor.values.size() * sizeof(float));
  }
  return bytes;
}

absl::StatusOr<TensorFile> DecodeTensors(std::string_view bytes, std::string_view what) {
  if (bytes.size() < kLengthBytes) {
    return Damaged(what, absl::StrFormat("%d bytes, too short to be whole", bytes.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMostHeaderBytes || length > bytes.size() - kLengthBytes) {
    return Damaged(what,
                   absl::StrFormat("a header of %d bytes in a file of %d", length, bytes.size()));
  }
  const Json header = Json::parse(bytes.substr(kLengthBytes, length), nullptr,
                                  /*allow_exceptions=*/false);
  if (!header.is_object()) return Damaged(what, "its header is no JSON object");
  const std::string_view numbers = bytes.substr(kLengthBytes + length);
  TensorFile file;
  for (const auto& [name, entry] : header.items()) {
    if (name == kMetadata) {
      if (!entry.is_object()) return Damaged(what, "its __metadata__ is no object");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) return Damaged(what, "its __metadata__ holds more than texts");
        file.metadata[key] = value.get<std::string>();
      }
      continue;
    }
    auto tensor = ReadTensor(name, entry, numbers);
    if (!tensor.ok()) {
      return Damaged(
          what, absl::StrFormat("of tensor %s, %s", name, std::string(tensor.status().message())));
    }
    file.tensors.push_back(*std::move(tensor));
  }
  std::sort(file.tensors.begin(), file.tensors.end(),
            [](const Tensor& a, const Tensor& b) { return a.name < b.name; });
  return file;
}

absl::Status WriteTensors(FileSystem& files, const std::string& path, const TensorFile& file) {
  return WriteFileAtomically(files, path, EncodeTensors(file));
}

absl::StatusOr<TensorFile> ReadTensors(FileSystem& files, const std::string& path) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, files.ReadFile(path));
  return DecodeTensors(bytes, path);
}

TensorFile TensorsOf(std::span<const NamedParameter> parameters) {
  TensorFile file;
  for (const NamedParameter& named : parameters) {
    const Matrix& value = named.parameter->value;
    file.tensors.push_back({.name = named.name,
                            .shape = named.parameter->shape,
                            .values = {value.data(), value.data() + value.size()}});
  }
  std::sort(file.tensors.begin(), file.tensors.end(),
            [](const Tensor& a, const Tensor& b) { return a.name < b.name; });
  return file;
}

const Tensor* FindTensor(const TensorFile& file, std::string_view name) {
  const auto found = std::find_if(file.tensors.begin(), file.tensors.end(),
                                  [name](const Tensor& tensor) { return tensor.name == name; });
  return found == file.tensors.end() ? nullptr : &*found;
}

absl::Status SetFromTensors(const TensorFile& file, std::span<const NamedParameter> parameters) {
  std::vector<const Tensor*> found;
  for (const NamedParameter& named : parameters) {
    const Tensor* const place = FindTensor(file, named.name);
    if (place == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrFormat("the weights have no %s; they are of another network", named.name));
    }
    if (place->shape != named.parameter->shape) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s has shape [%s] in the weights, but [%s] in this network", named.name,
          absl::StrJoin(place->shape, ", "), absl::StrJoin(named.parameter->shape, ", ")));
    }
    found.push_back(place);
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    std::copy(found[i]->values.begin(), found[i]->values.end(),
              parameters[i].parameter->value.data());
  }
  return absl::OkStatus();
}

}  // namespace vitrine::nn
