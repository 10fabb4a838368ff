import Basics
import Transit

/// A feed small enough to know by heart, whose files tests replace one by one.
///
/// Five stops lie 0.01 degrees of longitude apart (714.7 m) on the 50th parallel, a to e. Bus 1
/// drives a-b-c and back, and once a-b only; trolleybus 1 drives d-e; tram 7 drives a-b-a.
struct SmallFeed {
  var files: [String: String] = [
    "agency.txt": """
    agency_id,agency_name,agency_url,agency_timezone
    city,City Transport,https://example.org,Europe/Kyiv
    """,
    "routes.txt": """
    route_id,agency_id,route_short_name,route_long_name,route_type,route_color
    bus-1,city,1,Harbour - Market,3,ff8800
    trol-1,city,1,Park - Market,800,
    tram-7,city,7,Ring,900,
    """,
    "stops.txt": """
    stop_id,stop_code,stop_name,stop_lat,stop_lon,zone_id,location_type,parent_station
    a,001,Harbour,50.0,30.00,z1,,
    b,002,Bridge,50.0,30.01,z1,0,st
    c,003,Market,50.0,30.02,z2,0,
    d,004,Park,50.0,30.03,z2,0,
    e,005,Wood,50.0,30.04,,0,
    st,,Bridge station,50.0001,30.01,,1,
    """,
    "calendar.txt": """
    service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
    wk,1,1,1,1,1,0,0,20260101,20261231
    we,0,0,0,0,0,1,1,20260101,20261231
    """,
    "calendar_dates.txt": """
    service_id,date,exception_type
    wk,20261225,2
    wk,20261226,1
    fair,20260815,1
    """,
    "shapes.txt": """
    shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence
    s1,50.0,29.99,1
    s1,50.0,30.01,5
    s1,50.0,30.03,9
    """,
    "trips.txt": """
    route_id,service_id,trip_id,trip_headsign,direction_id,block_id,shape_id
    bus-1,wk,t1,Market,0,b1,s1
    bus-1,wk,t2,Harbour,1,b1,
    bus-1,wk,t3,Market,0,b2,s1
    bus-1,wk,t3b,Bridge,0,b2,s1
    trol-1,we,t4,Wood,0,,
    tram-7,fair,t5,Ring,0,,
    """,
    "stop_times.txt": """
    trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type
    t1,08:00:00,08:00:30,a,1,0,1
    t1,8:05:00,8:05:10,b,2,,
    t1,08:10:00,08:10:00,c,3,1,0
    t2,23:55:00,23:55:00,c,10,,
    t2,24:00:00,24:00:20,b,20,,
    t2,24:10:00,24:10:00,a,30,,
    t3,07:00:00,07:00:00,a,1,,
    t3,07:05:00,07:05:00,b,2,,
    t3,07:10:00,07:10:00,c,3,,
    t3b,22:00:00,22:00:00,a,1,,
    t3b,22:05:00,22:05:00,b,2,,
    t4,10:00:00,10:00:00,d,1,,
    t4,10:02:00,10:02:00,e,2,,
    t5,12:00:00,12:00:00,a,1,,
    t5,12:05:00,12:05:00,b,2,,
    t5,12:10:00,12:10:00,a,3,,
    """,
    "frequencies.txt": """
    trip_id,start_time,end_time,headway_secs,exact_times
    t5,12:00:00,13:00:00,1200,1
    """,
  ]

  /// The feed with one file replaced; nil takes the file out.
  func with(_ file: String, _ text: String?) -> SmallFeed {
    var copy = self
    copy.files[file] = text
    return copy
  }

  /// The feed with lines added to the end of a file.
  func adding(_ file: String, _ lines: String) -> SmallFeed {
    with(file, (files[file] ?? "") + "\n" + lines)
  }

  /// The feed with a text replaced in a file.
  func replacing(_ file: String, _ old: String, _ new: String) -> SmallFeed {
    with(file, (files[file] ?? "").replacing(old, with: new))
  }

  /// The files as a zip, in a folder.
  func zip(folder: String = "") -> [UInt8] {
    ZipArchive.make(
      files: files.sorted { $0.key < $1.key }.map { (folder + $0.key, Array($0.value.utf8)) })
  }

  /// Reads the feed.
  func read() throws(FeedFault) -> FeedReading { try FeedReader.read(zip: zip()) }
}

extension FeedReading {
  /// The faults as `file:line code`.
  var places: [String] {
    faults.map { "\($0.file):\($0.line.map(String.init) ?? "-") \($0.code)" }
  }
}
