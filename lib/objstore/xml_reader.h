// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The little of XML that services speak: elements and text, names without their namespace prefix.
// No DTD and no entities but the five of XML itself are honoured.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pugi {
class xml_document;
class xml_node;
}  // namespace pugi

namespace rec::objstore {

class XmlElement {
 public:
  explicit XmlElement(const pugi::xml_node& node);
  XmlElement(const XmlElement& other);
  XmlElement& operator=(const XmlElement& other);
  ~XmlElement();

  std::string_view name() const;
  // The text of the element that `path` leads to ("Credentials/AccessKeyId"), blanks at its ends
  // removed; empty if there is none.
  std::string text(std::string_view path) const;
  std::optional<XmlElement> child(std::string_view name) const;
  std::vector<XmlElement> children(std::string_view name) const;

 private:
  std::unique_ptr<pugi::xml_node> node_;
};

class XmlDocument {
 public:
  // A thousand parts of ListParts are 400 KB.
  static constexpr std::size_t kMaxBytes = 4 << 20;

  // Nothing if the text is not one well-formed document of at most kMaxBytes. Blanks before it are
  // skipped: stores send them while they work, to keep the connection open.
  static std::optional<XmlDocument> parse(std::string_view text);
  XmlDocument(XmlDocument&& other) noexcept;
  ~XmlDocument();
  XmlElement root() const;

 private:
  explicit XmlDocument(std::unique_ptr<pugi::xml_document> document);
  std::unique_ptr<pugi::xml_document> document_;
};

std::string xml_escape(std::string_view text);

}  // namespace rec::objstore
