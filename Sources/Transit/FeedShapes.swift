import Basics

extension FeedBuild {
  /// Most points of one shape: a point every 10 m of 1,000 km.
  static let pointsPerShapeMax = 100_000

  private struct RawPoint {
    var shape: Int32
    var sequence: Int32
    var coordinate: Coordinate
  }

  /// Reads the ways vehicles drive.
  mutating func readShapes() throws(FeedFault) {
    let required = ["shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"]
    guard var table = try optionalTable("shapes.txt", required),
      let idColumn = table.header["shape_id"]
    else { return }
    var ids = IDIndex()
    var names: [String] = []
    var points: [RawPoint] = []
    while table.next(&log) {
      guard !table.reader.isEmpty(idColumn) else {
        table.logEmpty(idColumn, &log)
        continue
      }
      let (shape, isNew) = ids.insert(table.reader.unsafeBytes(idColumn))
      if isNew { names.append(table.reader.text(idColumn)) }
      guard let point = rawPoint(Int32(shape), table) else { continue }
      points.append(point)
    }
    close(table)
    addShapes(names, FeedBuild.grouped(points, count: names.count))
  }

  private mutating func rawPoint(_ shape: Int32, _ table: FeedTable) -> RawPoint? {
    let reader = table.reader
    guard let latitude = reader.decimal(table.header["shape_pt_lat"]),
      let longitude = reader.decimal(table.header["shape_pt_lon"])
    else {
      log.add(
        table.file, table.line, "bad_coordinate",
        "shape_pt_lat or shape_pt_lon is not a number; the point is left out")
      return nil
    }
    let coordinate = Coordinate(latitude: latitude, longitude: longitude)
    guard coordinate.isPlausible else {
      log.add(
        table.file, table.line, "bad_coordinate",
        "\(latitude), \(longitude) is no place on the earth; the point is left out")
      return nil
    }
    guard let sequence = reader.integer(table.header["shape_pt_sequence"]),
      let packed = Int32(exactly: sequence), packed >= 0
    else {
      log.add(
        table.file, table.line, "bad_sequence",
        "shape_pt_sequence is not a whole number; the point is left out")
      return nil
    }
    return RawPoint(shape: shape, sequence: packed, coordinate: coordinate)
  }

  private mutating func addShapes(_ names: [String], _ points: [[RawPoint]]) {
    for (name, points) in zip(names, points) {
      var line: [Coordinate] = []
      for point in points where line.last != point.coordinate { line.append(point.coordinate) }
      if (2...FeedBuild.pointsPerShapeMax).contains(line.count) {
        content.shapes.append(Shape(id: name, line: Polyline(line)))
        continue
      }
      let isShort = line.count < 2
      log.add(
        "shapes.txt", nil, isShort ? "short_shape" : "long_shape",
        "shape \(name) has "
          + (isShort ? "fewer than two" : "more than \(FeedBuild.pointsPerShapeMax)")
          + " points; it is left out")
      brokenShapeIDs.append(name)
    }
    content.shapes.sort { $0.id < $1.id }
    shapeIDs = IDIndex(content.shapes.map(\.id))
  }

  /// The points of each shape in their order; of points with one number the first row is first.
  private static func grouped(_ points: [RawPoint], count: Int) -> [[RawPoint]] {
    var groups = Array(repeating: [RawPoint](), count: count)
    for point in points { groups[Int(point.shape)].append(point) }
    for index in groups.indices {
      // Sorting is stable, and most files are in order already.
      let isSorted = zip(groups[index], groups[index].dropFirst()).allSatisfy {
        $0.sequence <= $1.sequence
      }
      if !isSorted { groups[index].sort { $0.sequence < $1.sequence } }
    }
    return groups
  }
}
