#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "e2e/loopback_socket.h"
#include "vitrine/server/server.h"

namespace vitrine::testing {

// What a server answers to GET /metrics, headers included.
inline std::string MetricsOf(const Server& server) {
  const int caller = ConnectTo(server.metrics_port());
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(send(caller, request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  std::string page;
  char bytes[4096];
  for (ssize_t count = 0; (count = recv(caller, bytes, sizeof(bytes), 0)) > 0;) {
    page.append(bytes, static_cast<std::size_t>(count));
  }
  close(caller);
  return page;
}

}  // namespace vitrine::testing
