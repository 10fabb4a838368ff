/// What is told of a file as a whole before its lines are read, or when they are not what was sent.
///
/// A file that was saved in another way is whole at the acquirer: asking for it again brings the same one, so
/// each is told by what became of it.
enum FundingShape {
  /// Why the bytes are no text of a funding file, whatever stands in them; nil where they may be.
  static func fault(_ bytes: [UInt8]) -> FundingFault? {
    guard let first = bytes.first else {
      return FundingFault(
        line: nil, message: "the file is empty: nothing of it was written; fetch it again")
    }
    // A disk that was full, or a transfer that made room and never filled it.
    if first == 0, bytes.allSatisfy({ $0 == 0 }) {
      return FundingFault(
        line: nil,
        message: "the file is nothing but zero bytes: its content was never written; fetch it again"
      )
    }
    guard !isUTF16(bytes) else {
      return FundingFault(
        line: nil,
        message:
          "the file is written in UTF-16, and a funding file is UTF-8: hand in the file as the "
          + "acquirer gave it, not one that a program saved anew")
    }
    return nil
  }

  /// By its mark, or by the first letter of a funding file.
  ///
  /// UTF-32 begins as one of them, or with two zero bytes.
  private static func isUTF16(_ bytes: [UInt8]) -> Bool {
    let letter = UInt8(ascii: "H")
    let heads: [[UInt8]] = [
      [0xFF, 0xFE], [0xFE, 0xFF], [letter, 0], [0, letter], [0, 0, 0xFE, 0xFF], [0, 0, 0, letter],
    ]
    return heads.contains { bytes.starts(with: $0) }
  }

  /// What shows that a program opened the file and saved it; nil where nothing does.
  static func savedBy(_ bytes: [UInt8]) -> String? {
    var signs: [String] = []
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { signs.append("it begins with a byte order mark") }
    if zip(bytes, bytes.dropFirst()).contains(where: { $0 == 13 && $1 == 10 }) {
      signs.append("its lines end in CRLF")
    }
    return signs.isEmpty ? nil : signs.joined(separator: " and ")
  }
}
