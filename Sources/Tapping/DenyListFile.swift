package import Transit

/// How a validator finds a medium on the deny list without the list holding tokens.
package enum TokenFingerprint {
  /// Bytes of a fingerprint.
  ///
  /// With 100,000 entries a medium that is not denied is taken for one that
  /// is with odds of 100,000 in 2^64: once in 500,000 years at a million taps a day.
  package static let byteCount = 8
  /// Bytes of the salt of a city, which comes with every list.
  package static let saltByteCount = 16

  /// The first 8 bytes of SHA-256 over salt, kind, a zero byte and token.
  package static func of(kind: MediumKind, token: [UInt8], salt: [UInt8]) -> [UInt8] {
    precondition(salt.count == saltByteCount, "the salt of a city has 16 bytes")
    var message = salt
    message += Array(kind.rawValue.utf8)
    message.append(0)
    message += token
    return Array(SHA256Digest.hash(message).prefix(byteCount))
  }
}

/// A copy of the deny list for validators: the whole list, or what changed since a version.
///
/// Fingerprints lie one after the other in ascending order, so that a validator can search them in
/// place.
package struct DenyListFile: Hashable, Sendable {
  /// Most entries of a list: 8 MB.
  package static let entriesMax = 1_000_000
  static let magic = Array("KVDL".utf8)
  static let formatVersion: UInt8 = 1
  static let headByteCount = 48

  /// The version that a validator holds once it has taken this in.
  package var version: Int64
  /// The version it must hold before; nil when this is the whole list.
  package var since: Int64?
  package var salt: [UInt8]
  /// Fingerprints that are denied from now on, 8 bytes each.
  package var added: [UInt8]
  /// Fingerprints that are no longer denied, 8 bytes each; empty in a whole list.
  package var removed: [UInt8]

  /// Makes a copy.
  package init(
    version: Int64, since: Int64?, salt: [UInt8], added: [UInt8], removed: [UInt8] = []
  ) {
    precondition(
      added.count % TokenFingerprint.byteCount == 0
        && removed.count % TokenFingerprint.byteCount == 0, "fingerprints have 8 bytes each")
    self.version = version
    self.since = since
    self.salt = salt
    self.added = added
    self.removed = removed
  }

  package var addedCount: Int { added.count / TokenFingerprint.byteCount }
  package var removedCount: Int { removed.count / TokenFingerprint.byteCount }

  /// The copy as `application/octet-stream`, numbers big endian: `KVDL`, format 1, flags (1: whole
  /// list), two zero bytes, version, since (0 in a whole list), salt, count added, count removed,
  /// the fingerprints, SHA-256 of all before.
  package var binary: [UInt8] {
    var bytes = Self.magic
    bytes.reserveCapacity(Self.headByteCount + added.count + removed.count + 32)
    bytes += [Self.formatVersion, since == nil ? 1 : 0, 0, 0]
    bytes.append(bigEndian: UInt64(bitPattern: version), count: 8)
    bytes.append(bigEndian: UInt64(bitPattern: since ?? 0), count: 8)
    bytes += salt
    bytes.append(bigEndian: UInt64(addedCount), count: 4)
    bytes.append(bigEndian: UInt64(removedCount), count: 4)
    bytes += added
    bytes += removed
    bytes += SHA256Digest.hash(bytes)
    return bytes
  }

  /// Reads what ``binary`` wrote; nil when it is anything else, or was damaged on the way.
  package init?(binary bytes: [UInt8]) {
    let head = Self.headByteCount
    let digestCount = SHA256Digest.byteCount
    guard bytes.count >= head + digestCount, Array(bytes[0..<4]) == Self.magic,
      bytes[4] == Self.formatVersion, bytes[5] <= 1
    else { return nil }
    let addedBytes = Int(bytes.number(at: 40, count: 4)) * TokenFingerprint.byteCount
    let removedBytes = Int(bytes.number(at: 44, count: 4)) * TokenFingerprint.byteCount
    guard bytes.count == head + addedBytes + removedBytes + digestCount,
      SHA256Digest.hash(Array(bytes.dropLast(digestCount))) == Array(bytes.suffix(digestCount))
    else { return nil }
    version = Int64(bitPattern: bytes.number(at: 8, count: 8))
    since = bytes[5] == 1 ? nil : Int64(bitPattern: bytes.number(at: 16, count: 8))
    salt = Array(bytes[24..<40])
    added = Array(bytes[head..<head + addedBytes])
    removed = Array(bytes[(head + addedBytes)..<(head + addedBytes + removedBytes)])
  }

  /// The copy as JSON; the fingerprints are base64 of the same bytes as in ``binary``.
  package var json: [UInt8] {
    var writer = BatchWriter(bytesReserved: 256 + (added.count + removed.count) * 4 / 3)
    writer.open("{")
    writer.key("version")
    writer.number(version)
    writer.key("since")
    if let since { writer.number(since) } else { writer.null() }
    writer.key("algorithm")
    writer.text("sha256-8")
    writer.key("salt")
    writer.text(Base64.encode(salt, .standard))
    writer.key("added_count")
    writer.number(Int64(addedCount))
    writer.key("added")
    writer.text(Base64.encode(added, .standard))
    writer.key("removed_count")
    writer.number(Int64(removedCount))
    writer.key("removed")
    writer.text(Base64.encode(removed, .standard))
    writer.close("}")
    return writer.bytes
  }

  /// Whether a fingerprint is among the added ones: a binary search in place.
  package func denies(_ fingerprint: [UInt8]) -> Bool {
    let size = TokenFingerprint.byteCount
    var low = 0
    var high = addedCount
    while low < high {
      let middle = (low + high) / 2
      let entry = added[middle * size..<(middle + 1) * size]
      if entry.elementsEqual(fingerprint) { return true }
      if entry.lexicographicallyPrecedes(fingerprint) { low = middle + 1 } else { high = middle }
    }
    return false
  }
}

extension [UInt8] {
  fileprivate mutating func append(bigEndian number: UInt64, count: Int) {
    for shift in (0..<count).reversed() {
      append(UInt8(truncatingIfNeeded: number >> UInt64(shift * 8)))
    }
  }

  fileprivate func number(at place: Int, count: Int) -> UInt64 {
    self[place..<place + count].reduce(0) { $0 << 8 | UInt64($1) }
  }
}
