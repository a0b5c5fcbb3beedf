// Objects on a token and their attributes.
#pragma once

#include <p11-kit/pkcs11.h>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "token/pkcs11_session.h"

namespace signet {

/// A template: attributes and the values they point to. Move-only, because the pointers go inside.
class AttributeList {
 public:
  AttributeList() = default;
  AttributeList(AttributeList&&) = default;
  AttributeList& operator=(AttributeList&&) = default;
  AttributeList(const AttributeList&) = delete;
  AttributeList& operator=(const AttributeList&) = delete;
  ~AttributeList() = default;

  AttributeList& add(CK_ATTRIBUTE_TYPE type, ByteView value);
  AttributeList& add_number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  AttributeList& add_flag(CK_ATTRIBUTE_TYPE type, bool value);

  /// For the calls of PKCS#11, which take templates without const and only read them.
  [[nodiscard]] CK_ATTRIBUTE* data() noexcept { return attributes_.data(); }
  [[nodiscard]] CK_ULONG size() const noexcept { return static_cast<CK_ULONG>(attributes_.size()); }

 private:
  std::deque<Bytes> values_;  // a deque, so that what is in stays where it is
  std::vector<CK_ATTRIBUTE> attributes_;
};

/// The handles of all objects that match, at most 256 (more is an error).
[[nodiscard]] Result<std::vector<CK_OBJECT_HANDLE>> find_objects(Pkcs11Session& session, AttributeList& wanted);

/// One attribute's value; nothing where the object has none or does not show it.
[[nodiscard]] Result<std::optional<Bytes>> read_attribute(Pkcs11Session& session, CK_OBJECT_HANDLE object,
                                                          CK_ATTRIBUTE_TYPE type);
/// A CK_ULONG attribute, or nothing.
[[nodiscard]] Result<std::optional<CK_ULONG>> read_number(Pkcs11Session& session, CK_OBJECT_HANDLE object,
                                                          CK_ATTRIBUTE_TYPE type);
/// A CK_BBOOL attribute, or nothing.
[[nodiscard]] Result<std::optional<bool>> read_flag(Pkcs11Session& session, CK_OBJECT_HANDLE object,
                                                    CK_ATTRIBUTE_TYPE type);

/// "'issuing-1' (id 0a1b)": CKA_LABEL and CKA_ID, for messages.
[[nodiscard]] std::string describe_object(Pkcs11Session& session, CK_OBJECT_HANDLE object);

}  // namespace signet
