#pragma once

#include <grpcpp/security/server_credentials.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/server/server.h"

namespace vitrine {

// A file without a name, in memory alone, whose contents are replaced as a whole.
class MemoryFile {
 public:
  MemoryFile() = default;
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  // Errors: UNAVAILABLE there is no memory or no descriptor for it.
  absl::Status Replace(const std::string& bytes);

  // Opens for reading what was there last. REQUIRES: Replace succeeded.
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_ = -1;
};

// What a server shows and wants of its callers. The files are read again every `reload_seconds`; a
// new certificate counts for new connections once it and its key fit together, and until then that
// before, so that it does not matter in which order the two are renewed. gRPC's own watcher would
// refuse everybody meanwhile: so it gets to see what was checked, in one piece. Thread-safe.
class ServerCertificates {
 public:
  // Without any file: no TLS.
  //
  // Errors: those of FileSystem; INVALID_ARGUMENT a file is no certificate or no key, both do not
  // belong together, or only some are given.
  static absl::StatusOr<std::unique_ptr<ServerCertificates>> Create(const ServerTls& tls);
  ~ServerCertificates();

  const std::shared_ptr<grpc::ServerCredentials>& credentials() const { return credentials_; }

  // Looks at the files at once. Errors: as Create; what was shown before still is, then.
  absl::Status ReadNow();

 private:
  explicit ServerCertificates(const ServerTls& tls) : tls_(tls) {}

  // Reads and checks the files, and hands on what is new. REQUIRES: mutex_ is held, or nobody
  // watches yet.
  absl::Status Read();
  void Start();
  void Watch();

  const ServerTls tls_;
  std::string shown_;  // What pair_ and client_ca_ hold. Guarded by mutex_.
  MemoryFile pair_;
  MemoryFile client_ca_;
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::mutex mutex_;
  std::condition_variable has_changed_;
  bool is_stopped_ = false;  // Guarded by mutex_.
  std::thread watch_;
};

}  // namespace vitrine
