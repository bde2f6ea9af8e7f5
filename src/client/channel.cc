#include "client/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

namespace vitrine {
namespace {

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const ClientTls& tls) {
  if (!tls.is_on) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = tls.root_certificates,
                               .pem_private_key = tls.private_key,
                               .pem_cert_chain = tls.certificate});
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  arguments.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  return grpc::CreateCustomChannel(address, CredentialsOf(options.tls), arguments);
}

void ShowKey(const std::string& key, grpc::ClientContext& context) {
  if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
}

}  // namespace vitrine
