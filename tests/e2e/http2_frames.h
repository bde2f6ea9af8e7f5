#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// As much of HTTP/2 (RFC 9113) as a client needs that is to behave as none of gRPC's does.
namespace vitrine::testing {

enum FrameType : std::uint8_t { kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6 };
inline constexpr std::uint8_t kEndStream = 1;    // Of DATA and HEADERS.
inline constexpr std::uint8_t kAcknowledge = 1;  // Of SETTINGS and PING.
inline constexpr std::uint8_t kEndHeaders = 4;
inline constexpr std::size_t kFrameHeaderBytes = 9;
inline constexpr char kHttp2Preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string BigEndian(std::size_t value, int num_bytes) {
  std::string bytes;
  for (int i = num_bytes - 1; i >= 0; --i) {
    bytes += static_cast<char>(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  return bytes;
}

inline std::uint32_t FromBigEndian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<std::uint8_t>(byte);
  return value;
}

inline std::string Frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                         const std::string& payload) {
  return BigEndian(payload.size(), 3) + static_cast<char>(type) + static_cast<char>(flags) +
         BigEndian(stream, 4) + payload;
}

// A literal of HPACK that goes into no table, without Huffman; each part is below 127 bytes.
inline std::string Http2Header(std::string_view name, std::string_view value) {
  std::string header(1, '\0');
  for (const std::string_view text : {name, value}) {
    header += static_cast<char>(text.size());
    header += text;
  }
  return header;
}

// Begins a call of `method`, "EventService/StreamEvents".
inline std::string CallFrame(std::uint32_t stream, const std::string& method) {
  return Frame(kHeaders, kEndHeaders, stream,
               Http2Header(":method", "POST") + Http2Header(":scheme", "http") +
                   Http2Header(":path", "/vitrine.v1." + method) +
                   Http2Header(":authority", "shop") +
                   Http2Header("content-type", "application/grpc") + Http2Header("te", "trailers"));
}

}  // namespace vitrine::testing
