#include "client/cut_short.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <cstdint>
#include <string>

#include "vitrine/v1/recommendation_service.pb.h"

namespace vitrine {
namespace {

using google::protobuf::io::CodedInputStream;

// How Protobuf encodes the value of a field: the last three bits of its tag.
constexpr std::uint32_t kWireTypeBits = 3;
constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kFixed64 = 1;
constexpr std::uint32_t kLengthDelimited = 2;
constexpr std::uint32_t kFixed32 = 5;

constexpr int kFallbacksNumber = v1::RecommendItemsResponse::kFallbacksFieldNumber;
static_assert(kFallbacksNumber == v1::SimilarItemsResponse::kFallbacksFieldNumber);
static_assert(kFallbacksNumber == v1::RankItemsResponse::kFallbacksFieldNumber);
constexpr std::uint32_t kFallbacksTag =
    (static_cast<std::uint32_t>(kFallbacksNumber) << kWireTypeBits) | kLengthDelimited;

bool SpeaksOfTime(const std::string& fallback) {
  return fallback == "deadline" || fallback == "ranker-late" || fallback.starts_with("model-late:");
}

// Past the value of a field; false where there is none that can be read.
bool SkipValue(std::uint32_t tag, CodedInputStream& bytes) {
  std::uint64_t number = 0;
  int size = 0;
  switch (tag & ((1U << kWireTypeBits) - 1)) {
    case kVarint:
      return bytes.ReadVarint64(&number);
    case kFixed64:
      return bytes.Skip(8);
    case kLengthDelimited:
      return bytes.ReadVarintSizeAsInt(&size) && bytes.Skip(size);
    case kFixed32:
      return bytes.Skip(4);
    default:
      return false;
  }
}

}  // namespace

bool WasCutShort(grpc::ByteBuffer& reply) {
  grpc::ProtoBufferReader slices(&reply);
  CodedInputStream bytes(&slices);
  std::string fallback;
  for (std::uint32_t tag = bytes.ReadTag(); tag != 0; tag = bytes.ReadTag()) {
    if (tag != kFallbacksTag) {
      if (!SkipValue(tag, bytes)) return false;
      continue;
    }
    int size = 0;
    if (!bytes.ReadVarintSizeAsInt(&size) || !bytes.ReadString(&fallback, size)) return false;
    if (SpeaksOfTime(fallback)) return true;
  }
  return false;
}

}  // namespace vitrine
