import Tapping

/// What does not hold of an input, in words.
struct Findings {
  private(set) var texts: [String] = []

  /// Notes what is wrong unless it holds.
  mutating func expect(_ holds: Bool, _ text: String) {
    if !holds { texts.append(text) }
  }
}

/// What must hold of every batch that was read from anywhere.
enum Oracles {
  /// A batch that was taken is within its limits and is read back from every format.
  static func check(_ batch: TapBatch, _ findings: inout Findings) {
    findings.expect(batch.taps.count <= TapLimits.tapsPerBatchMax, "too many taps were taken")
    findings.expect((1...TapLimits.textBytesMax).contains(batch.device.utf8.count), "a bad name")
    for tap in batch.taps {
      findings.expect(
        (1...TapLimits.seqMax).contains(tap.seq), "a number out of range was taken")
      findings.expect(
        (1...TapLimits.tokenBytesMax).contains(tap.token.count), "a bad token was taken")
      findings.expect(!CardNumber.isOne(tap.token), "a card number was taken")
    }
    for encoding in BatchEncoding.allCases {
      let body = TapBatchWire.encode(batch, BatchFormat(encoding))
      // Escapes may make a body longer than the one it came from.
      guard body.count <= TapLimits.bodyBytesMax else { continue }
      let again = try? TapBatchWire.decode(body, BatchFormat(encoding))
      findings.expect(again != nil, "what was written as \(encoding) is not read")
      findings.expect(
        again == nil || again == batch, "what was written as \(encoding) is read as another batch")
    }
  }

  /// A fault says where and what, and nothing of what was sent.
  static func check(_ fault: TapBatchFault, _ findings: inout Findings) {
    findings.expect(!fault.code.isEmpty && !fault.message.isEmpty, "a fault without words")
    findings.expect(fault.pointer.isEmpty || fault.pointer.hasPrefix("/"), "no JSON pointer")
  }

  /// Reads a body and checks what comes of it.
  static func read(_ body: [UInt8], _ format: BatchFormat, _ findings: inout Findings) {
    var outline: TapBatchOutline?
    var holdsCardNumber = false
    do throws(TapBatchFault) {
      outline = try TapBatchWire.outline(body, format)
    } catch {
      check(error, &findings)
      // Tokens are searched more closely on the way in than where they are stored already.
      holdsCardNumber = error.code == "card_number"
    }
    do throws(TapBatchFault) {
      let batch = try TapBatchWire.decode(body, format)
      check(batch, &findings)
      findings.expect(
        holdsCardNumber || TapBatchOutline(batch) == outline, "the outline is another batch's")
    } catch {
      check(error, &findings)
      findings.expect(outline == nil, "the outline was taken of a batch that is refused")
    }
  }
}
