#pragma once

#include <string>

namespace vitrine::cli {

// Whether only this machine reaches "host:port" or "unix:/path": 127.0.0.0/8, [::1], localhost, a
// Unix socket.
bool IsPrivateAddress(const std::string& address);

}  // namespace vitrine::cli
