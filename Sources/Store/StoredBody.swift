package import Tapping

/// The signed bytes of a batch as the journal keeps them, and how to read them.
///
/// Whoever reads a body of the journal does it here: there are several formats, and a journal lives
/// longer than any of them.
package struct StoredBody: Sendable, Equatable {
  package let bytes: [UInt8]
  /// The word of `tap_batch.format`.
  package let format: String

  /// Names a body.
  package init(bytes: [UInt8], format: String) {
    self.bytes = bytes
    self.format = format
  }

  /// What the device sent.
  package func decode() throws(TapBatchFault) -> TapBatch {
    guard let format = BatchFormat(rawValue: format) else {
      throw TapBatchFault(
        kind: .malformed, pointer: "", code: "format_unknown",
        message: "the body is in the format \(format), which this program does not know")
    }
    return try TapBatchWire.decode(bytes, format)
  }
}
