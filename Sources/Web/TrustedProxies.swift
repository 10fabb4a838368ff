import NIOCore

/// The proxies that are believed when they say for whom they ask.
package struct TrustedProxies: Sendable {
  /// Most blocks of addresses.
  package static let blocksMax = 64

  /// What is wrong with a list of them.
  package enum Fault: Error, Equatable, CustomStringConvertible {
    case noBlock(String)
    case tooMany

    package var description: String {
      switch self {
      case .noBlock(let text):
        "\"\(text)\" is no address and no block of addresses such as 10.0.0.0/8 or fd00::/8"
      case .tooMany: "there are more than \(blocksMax) blocks"
      }
    }
  }

  private let blocks: [AddressBlock]

  /// Nobody is believed.
  package init() { blocks = [] }

  /// Reads blocks of addresses, several in a text between commas.
  package init(_ texts: [String]) throws(Fault) {
    var blocks: [AddressBlock] = []
    for text in texts.flatMap({ $0.split(separator: ",") }) {
      let text = text.filter { $0 != " " }
      guard let block = AddressBlock(text) else { throw .noBlock(text) }
      blocks.append(block)
    }
    guard blocks.count <= Self.blocksMax else { throw .tooMany }
    self.blocks = blocks
  }

  /// Whether an address is one of theirs.
  func hold(_ address: SocketAddress?) -> Bool {
    guard !blocks.isEmpty, let words = address?.words else { return false }
    return blocks.contains { $0.holds(words) }
  }

  /// For whom one of them asks: the last address of X-Forwarded-For that is not itself one of them; nil
  /// when it asks for itself.
  ///
  /// Each proxy adds the address that it sees; what stands further left whoever asked may have written.
  package func asker(of forwarded: [Substring]) -> RemoteAddress? {
    for text in forwarded.reversed() {
      let address = Self.address(text)
      if !hold(address) { return RemoteAddress(address) }
    }
    return nil
  }

  /// An address with or without a port; nil when it is none.
  private static func address(_ text: Substring) -> SocketAddress? {
    var text = text
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      text = text[text.index(after: text.startIndex)..<end]
    } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
      text = text[..<colon]
    }
    return try? SocketAddress(ipAddress: String(text), port: 0)
  }
}

/// All addresses that begin with the same bits.
private struct AddressBlock: Sendable {
  private let words: [UInt32]
  private let bits: Int

  /// Reads one address, or such as `10.0.0.0/8`; a block of all addresses is none.
  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count <= 2,
      let words = (try? SocketAddress(ipAddress: String(first), port: 0))?.words
    else { return nil }
    let bitsMax = 32 * words.count
    guard let bits = parts.count == 2 ? Int(parts[1]) : bitsMax, (1...bitsMax).contains(bits)
    else { return nil }
    self.words = words
    self.bits = bits
  }

  func holds(_ other: [UInt32]) -> Bool {
    guard other.count == words.count else { return false }
    return words.indices.allSatisfy { index in
      let count = min(32, max(0, bits - 32 * index))
      let mask = count == 0 ? 0 : UInt32.max << UInt32(32 - count)
      return words[index] & mask == other[index] & mask
    }
  }
}
