#include "token/pkcs11_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "token/pkcs11_error.h"

namespace signet {

AttributeList& AttributeList::add(CK_ATTRIBUTE_TYPE type, ByteView value) {
  Bytes& kept = values_.emplace_back(value.begin(), value.end());
  attributes_.push_back({type, kept.data(), static_cast<CK_ULONG>(kept.size())});
  return *this;
}

AttributeList& AttributeList::add_number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  return add(type, ByteView(reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)));
}

AttributeList& AttributeList::add_flag(CK_ATTRIBUTE_TYPE type, bool value) {
  const CK_BBOOL flag = value ? CK_TRUE : CK_FALSE;
  return add(type, ByteView(&flag, 1));
}

Result<std::vector<CK_OBJECT_HANDLE>> find_objects(Pkcs11Session& session, AttributeList& wanted) {
  constexpr CK_ULONG kMaxObjects = 256;
  const CK_FUNCTION_LIST& p11 = session.functions();
  CK_RV rv = p11.C_FindObjectsInit(session.handle(), wanted.data(), wanted.size());
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_FindObjectsInit", session.where());
  std::vector<CK_OBJECT_HANDLE> found;
  CK_ULONG count = 0;
  do {  // modules may hand out fewer than asked for; only zero means the end
    CK_OBJECT_HANDLE batch[64] = {};
    rv = p11.C_FindObjects(session.handle(), batch, std::size(batch), &count);
    if (rv == CKR_OK) found.insert(found.end(), batch, batch + std::min<CK_ULONG>(count, std::size(batch)));
  } while (rv == CKR_OK && count > 0 && found.size() <= kMaxObjects);
  const CK_RV final_rv = p11.C_FindObjectsFinal(session.handle());
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_FindObjects", session.where());
  if (final_rv != CKR_OK) return fail_pkcs11(final_rv, "C_FindObjectsFinal", session.where());
  if (found.size() > kMaxObjects) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("more than {} objects match {}", kMaxObjects, session.where()));
  }
  return found;
}

namespace {

/// A value of at most `most_bytes`.
Result<std::optional<Bytes>> read_value(Pkcs11Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                                        std::size_t most_bytes) {
  Bytes value(most_bytes);
  CK_ATTRIBUTE attribute{type, value.data(), static_cast<CK_ULONG>(value.size())};
  const CK_RV rv = session.functions().C_GetAttributeValue(session.handle(), object, &attribute, 1);
  if (rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID) return std::optional<Bytes>();
  if (rv != CKR_OK) return fail_pkcs11(rv, fmt::format("C_GetAttributeValue (0x{:x})", type), session.where());
  if (attribute.ulValueLen > value.size())
    return std::optional<Bytes>();  // CK_UNAVAILABLE_INFORMATION is the largest number
  value.resize(attribute.ulValueLen);
  return std::optional(std::move(value));
}

}  // namespace

Result<std::optional<Bytes>> read_attribute(Pkcs11Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  return read_value(session, object, type, 2048);  // labels, ids, points and moduli are far shorter; one call does it
}

Result<std::optional<CK_ULONG>> read_number(Pkcs11Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_ULONG number = 0;
  // Not one byte more: NSS refuses to write a number into a longer buffer.
  SIGNET_TRY(const std::optional<Bytes> value, read_value(session, object, type, sizeof(number)));
  if (!value || value->size() != sizeof(number)) return std::optional<CK_ULONG>();
  std::memcpy(&number, value->data(), sizeof(number));
  return std::optional(number);
}

Result<std::optional<bool>> read_flag(Pkcs11Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  SIGNET_TRY(const std::optional<Bytes> value, read_value(session, object, type, sizeof(CK_BBOOL)));
  if (!value || value->size() != sizeof(CK_BBOOL)) return std::optional<bool>();
  return std::optional(value->front() != CK_FALSE);
}

std::string describe_object(Pkcs11Session& session, CK_OBJECT_HANDLE object) {
  const auto label = read_attribute(session, object, CKA_LABEL);
  const auto id = read_attribute(session, object, CKA_ID);
  const auto text = [](const Result<std::optional<Bytes>>& value) {
    return value.has_value() && *value ? **value : Bytes();
  };
  return fmt::format("'{}' (id {})", printable(text_of(text(label))), to_hex(text(id)));
}

}  // namespace signet
