#pragma once

#include <string>

namespace vitrine::cli {

// Whether only this machine reaches "host:port" or "unix:/path": 127.0.0.0/8, [::1], localhost, a
// Unix socket.
bool IsPrivateAddress(const std::string& address);

// `address` with the port that was bound in place of its own.
std::string BoundAddress(const std::string& address, int port);

}  // namespace vitrine::cli
