#include "keyholder/describe.h"

#include "wire/internal.pb.h"

namespace signet {
namespace {

std::string text_of_bytes(ByteView bytes) { return std::string(text_of(bytes)); }

internal::KeyDescription describe_key(const std::string& name, const HeldKey& key, const Memory& memory) {
  internal::KeyDescription description;
  description.set_name(name);
  description.set_uri(key.uri.text());
  description.set_spki(text_of_bytes(key.public_key.spki()));
  for (const auto& [attribute, value] : key.attributes) (*description.mutable_attributes())[attribute] = value;
  if (const auto last = memory.last_checkpoint(key)) {
    description.mutable_last_checkpoint()->set_size(last->size);
    description.mutable_last_checkpoint()->set_root(text_of_bytes(last->root));
  }
  if (const auto last = memory.last_crl_number(key)) description.set_last_crl_number(text_of_bytes(last->padded()));
  return description;
}

}  // namespace

internal::TokenDescription describe(const OpenToken& token, const Memory& memory) {
  internal::TokenDescription description;
  description.set_label(printable(token.info.label));
  description.set_manufacturer(printable(token.info.manufacturer));
  description.set_model(printable(token.info.model));
  description.set_serial(printable(token.info.serial));
  description.set_firmware(token.info.firmware);
  description.set_module(token.module_text);
  for (const auto& [name, key] : token.keys) *description.add_keys() = describe_key(name, key, memory);
  return description;
}

}  // namespace signet
