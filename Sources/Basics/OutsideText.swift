/// What may be done with texts that others wrote: no database keeps a zero byte, no index a long name.
extension String {
  /// Most UTF-8 bytes of a name that is looked up: an id of a feed, an operator, a version.
  package static let nameBytesMax = 255

  /// Whether it can be a name: not empty, not long, and nothing in it that steers a terminal.
  package var isName: Bool {
    (1...Self.nameBytesMax).contains(utf8.count) && !hasControls
  }

  /// Whether it holds characters that are none: those below the space, and DEL to U+009F.
  package var hasControls: Bool { unicodeScalars.contains(where: \.isControl) }

  /// The text as others may read and keep it: controls become U+FFFD, what is too long is cut.
  package func quoted(bytesMax: Int) -> String {
    var text = String.UnicodeScalarView()
    var bytes = 0
    for scalar in unicodeScalars {
      let shown = scalar.isControl ? "\u{FFFD}" : scalar
      bytes += UTF8.width(shown)
      guard bytes <= bytesMax else { break }
      text.append(shown)
    }
    return String(text)
  }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}
