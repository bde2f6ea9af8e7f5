#include "server/tls.h"

#include <fcntl.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* value) const {
    Free(value);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using PrivateKeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

BioPtr Reading(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// A key with a password is not asked for one: there is nobody to answer.
int NoPassword(char* /*buffer*/, int /*size*/, int /*is_writing*/, void* /*context*/) { return 0; }

absl::StatusOr<CertificatePtr> CertificateIn(const std::string& pem, const std::string& path) {
  CertificatePtr certificate(PEM_read_bio_X509(Reading(pem).get(), nullptr, NoPassword, nullptr));
  if (certificate != nullptr) return certificate;
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s holds no certificate; wants PEM, with -----BEGIN CERTIFICATE-----", path));
}

absl::Status CheckPair(const ServerTls& tls, const std::string& certificates,
                       const std::string& private_key) {
  VITRINE_ASSIGN_OR_RETURN(const CertificatePtr certificate,
                           CertificateIn(certificates, tls.certificate));
  const PrivateKeyPtr key(
      PEM_read_bio_PrivateKey(Reading(private_key).get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s holds no private key; wants PEM without a password, with -----BEGIN PRIVATE KEY-----",
        tls.private_key));
  }
  if (X509_check_private_key(certificate.get(), key.get()) == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("the private key in %s is not that of the first certificate in %s; give the "
                      "two that were made together, the server's certificate before its issuer's",
                      tls.private_key, tls.certificate));
}

}  // namespace

MemoryFile::~MemoryFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status MemoryFile::Replace(const std::string& bytes) {
  const int next = memfd_create("vitrine", MFD_CLOEXEC);
  const auto size = static_cast<ssize_t>(bytes.size());
  if (next < 0 || write(next, bytes.data(), bytes.size()) != size) {
    if (next >= 0) close(next);
    return absl::UnavailableError("no file in memory can be made for the certificate");
  }
  if (descriptor_ < 0) {
    descriptor_ = next;
    return absl::OkStatus();
  }
  dup3(next, descriptor_, O_CLOEXEC);  // At once: nobody sees a half of it.
  close(next);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ServerCertificates>> ServerCertificates::Create(
    const ServerTls& tls) {
  std::unique_ptr<ServerCertificates> certificates(new ServerCertificates(tls));
  if (tls.certificate.empty() && tls.private_key.empty() && tls.client_ca.empty()) {
    certificates->credentials_ = grpc::InsecureServerCredentials();
    return certificates;
  }
  if (tls.certificate.empty() || tls.private_key.empty()) {
    return absl::InvalidArgumentError(
        "TLS wants both a certificate and its private key; give the missing one, or neither");
  }
  VITRINE_RETURN_IF_ERROR(certificates->Read());
  certificates->Start();
  return certificates;
}

absl::Status ServerCertificates::Read() {
  VITRINE_ASSIGN_OR_RETURN(const std::string chain, LocalFileSystem().ReadFile(tls_.certificate));
  VITRINE_ASSIGN_OR_RETURN(const std::string key, LocalFileSystem().ReadFile(tls_.private_key));
  VITRINE_RETURN_IF_ERROR(CheckPair(tls_, chain, key));
  std::string roots;
  if (!tls_.client_ca.empty()) {
    VITRINE_ASSIGN_OR_RETURN(roots, LocalFileSystem().ReadFile(tls_.client_ca));
    VITRINE_RETURN_IF_ERROR(CertificateIn(roots, tls_.client_ca).status());
  }
  std::string all = chain + "\n" + key + "\n" + roots;
  if (all == shown_) return absl::OkStatus();
  VITRINE_RETURN_IF_ERROR(pair_.Replace(key + "\n" + chain));
  VITRINE_RETURN_IF_ERROR(client_ca_.Replace(roots));
  shown_ = std::move(all);
  return absl::OkStatus();
}

void ServerCertificates::Start() {
  constexpr unsigned kSeconds = 1;  // Of gRPC's watcher; memory is cheap to look at.
  const bool has_roots = !tls_.client_ca.empty();
  // The key is the first of the pair, and the certificates are those after it: each reader takes
  // its own out of the same file.
  auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      pair_.path(), pair_.path(), has_roots ? client_ca_.path() : "", kSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(std::move(provider));
  options.watch_identity_key_cert_pairs();
  if (has_roots) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  credentials_ = grpc::experimental::TlsServerCredentials(options);
  watch_ = std::thread([this] { Watch(); });
}

absl::Status ServerCertificates::ReadNow() {
  if (tls_.certificate.empty()) return absl::OkStatus();
  std::lock_guard lock(mutex_);
  return Read();
}

void ServerCertificates::Watch() {
  const std::chrono::duration<double> interval(std::max(1.0, tls_.reload_seconds));
  absl::Status last;
  std::unique_lock lock(mutex_);
  while (!has_changed_.wait_for(lock, interval, [this] { return is_stopped_; })) {
    const std::string before = shown_;
    const absl::Status read = Read();
    if (!read.ok() && read != last) {
      Log(LogLevel::kError, "server.certificate-refused", {{"status", read.ToString()}});
    }
    if (shown_ != before) Log(LogLevel::kInfo, "server.certificate-renewed", {});
    last = read;
  }
}

ServerCertificates::~ServerCertificates() {
  {
    std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  has_changed_.notify_all();
  if (watch_.joinable()) watch_.join();
}

}  // namespace vitrine
