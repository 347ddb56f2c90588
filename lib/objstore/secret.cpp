// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/secret.h"

#include <openssl/crypto.h>

namespace rec::objstore {

void Secret::wipe() { OPENSSL_cleanse(text_.data(), text_.size()); }

void Secret::append(std::string_view tail) {
  Secret old;
  old.text_.swap(text_);  // growing in place would leave the old block unwiped
  text_.reserve(old.text_.size() + tail.size());
  text_.insert(text_.end(), old.text_.begin(), old.text_.end());
  text_.insert(text_.end(), tail.begin(), tail.end());
}

}  // namespace rec::objstore
