#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"
#include "vitrine/nn/parameter.h"

namespace vitrine::nn {

// Weights on disk, in Hugging Face's safetensors format, which PyTorch's users read and write:
// eight bytes with the length of a header, little endian; the header, JSON: of each tensor its
// name, type, shape and place; then the numbers, row-major, little endian.
struct Tensor {
  std::string name{};
  std::vector<std::size_t> shape{};  // Empty: one number.
  std::vector<float> values{};
};
struct TensorFile {
  std::vector<Tensor> tensors{};                  // By name.
  std::map<std::string, std::string> metadata{};  // Free text of whoever wrote it.
};

// Null: there is none of that name.
const Tensor* FindTensor(const TensorFile& file, std::string_view name);

// Numbers are written as F32. REQUIRES: names are distinct and none is __metadata__
std::string EncodeTensors(const TensorFile& file);

// Reads F32, F64, F16 and BF16, into floats. Errors: DATA_LOSS naming `what` and what is wrong with
// it, of any bytes.
absl::StatusOr<TensorFile> DecodeTensors(std::string_view bytes, std::string_view what);

// Errors of both: those of FileSystem and of DecodeTensors.
absl::Status WriteTensors(FileSystem& files, const std::string& path, const TensorFile& file);
absl::StatusOr<TensorFile> ReadTensors(FileSystem& files, const std::string& path);

// The values of a network's parameters, by name, those that are not trained too.
TensorFile TensorsOf(std::span<const NamedParameter> parameters);

// The other way: every parameter must be there, with its shape; what the file has besides is left.
// Errors: FAILED_PRECONDITION naming the parameter, what is there and what is wanted; then no
// parameter has changed.
absl::Status SetFromTensors(const TensorFile& file, std::span<const NamedParameter> parameters);

}  // namespace vitrine::nn
