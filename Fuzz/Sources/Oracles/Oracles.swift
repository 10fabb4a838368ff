package import Tapping

/// What must hold of every batch that was read from anywhere; a trap is a finding.
package enum Oracles {
  /// A batch that was taken is within its limits and is read back from every format.
  package static func check(_ batch: TapBatch) {
    precondition(batch.taps.count <= TapLimits.tapsPerBatchMax, "too many taps were taken")
    precondition((1...TapLimits.textBytesMax).contains(batch.device.utf8.count), "a bad name")
    for tap in batch.taps {
      precondition((1...TapLimits.seqMax).contains(tap.seq), "a number out of range was taken")
      precondition((1...TapLimits.tokenBytesMax).contains(tap.token.count), "a bad token was taken")
      precondition(!CardNumber.isOne(tap.token), "a card number was taken")
    }
    for encoding in BatchEncoding.allCases {
      let body = TapBatchWire.encode(batch, BatchFormat(encoding))
      // Escapes may make a body longer than the one it came from.
      guard body.count <= TapLimits.bodyBytesMax else { continue }
      guard let again = try? TapBatchWire.decode(body, BatchFormat(encoding)) else {
        preconditionFailure("what was written as \(encoding) is not read")
      }
      precondition(batch == again, "what was written as \(encoding) is read as another batch")
    }
  }

  /// A fault says where and what, and nothing of what was sent.
  package static func check(_ fault: TapBatchFault) {
    precondition(!fault.code.isEmpty && !fault.message.isEmpty, "a fault without words")
    precondition(fault.pointer.isEmpty || fault.pointer.hasPrefix("/"), "no JSON pointer")
  }

  /// Reads a body and checks what comes of it.
  package static func read(_ body: [UInt8], _ format: BatchFormat) {
    var outline: TapBatchOutline?
    var holdsCardNumber = false
    do throws(TapBatchFault) {
      outline = try TapBatchWire.outline(body, format)
    } catch {
      check(error)
      // Tokens are searched more closely on the way in than where they are stored already.
      holdsCardNumber = error.code == "card_number"
    }
    do throws(TapBatchFault) {
      let batch = try TapBatchWire.decode(body, format)
      check(batch)
      precondition(
        holdsCardNumber || TapBatchOutline(batch) == outline, "the outline is another batch's")
    } catch {
      check(error)
      precondition(outline == nil, "the outline was taken of a batch that is refused")
    }
  }
}
